# SPDX-License-Identifier: GPL-3.0-or-later
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

# Sums in any order and fused multiply-adds, but infinities and NaN as they are: weights that
# overflow must be found.
function(mcsurrogate_sums_in_any_order)
  set_source_files_properties(
    ${ARGN}
    PROPERTIES
      COMPILE_OPTIONS
      "-O3;-ffp-contract=fast;-fno-math-errno;-fno-trapping-math;-fassociative-math;-fno-signed-zeros")
endfunction()

# The library of a user's own Pythia; that of the wheel is loaded by Python.
function(mcsurrogate_find_pythia_at_run_time target)
  if(PYTHIA8_ORIGIN STREQUAL "config")
    get_filename_component(folder "${PYTHIA8_LIBRARY}" DIRECTORY)
    set_target_properties(${target} PROPERTIES INSTALL_RPATH "${folder}")
  endif()
endfunction()
