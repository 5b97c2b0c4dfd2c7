# What all our own code is compiled with.
function(mcsurrogate_own_code target)
  target_compile_features(${target} PRIVATE cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF CXX_VISIBILITY_PRESET hidden
                                             VISIBILITY_INLINES_HIDDEN ON
                                             BUILD_WITH_INSTALL_RPATH ON)
  target_compile_options(${target} PRIVATE -Wall -Wextra)
  if(MCSURROGATE_WARNINGS_AS_ERRORS)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
  # Symbols of static libraries stay inside.
  target_link_options(${target} PRIVATE "LINKER:--exclude-libs,ALL")
endfunction()
