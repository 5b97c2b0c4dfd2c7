# SPDX-License-Identifier: GPL-3.0-or-later
# Pythia, HepMC3, zlib and nlohmann-json as the targets mcsurrogate::pythia8, mcsurrogate::hepmc3,
# mcsurrogate::zlib and mcsurrogate::json. What was found is looked up at every configure, never taken from the cache:
# an isolated build has its wheels in another folder each time.

# Runs one of the scripts beside this file and puts its JSON answer into `output`.
function(mcsurrogate_ask output script)
  execute_process(
    COMMAND "${Python_EXECUTABLE}" "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/${script}" ${ARGN}
    RESULT_VARIABLE status
    OUTPUT_VARIABLE answer
    ERROR_VARIABLE complaint
    OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_STRIP_TRAILING_WHITESPACE)
  if(NOT status EQUAL 0)
    # The leading blank keeps CMake from breaking the line.
    message(FATAL_ERROR " ${complaint}")
  endif()
  set(${output} "${answer}" PARENT_SCOPE)
endfunction()

# A variable of CMake (-D...) comes before the one of the environment; empty counts as unset.
function(mcsurrogate_option output name)
  set(value "$ENV{${name}}")
  if(DEFINED ${name} AND NOT "${${name}}" STREQUAL "")
    set(value "${${name}}")
  endif()
  set(${output} "${value}" PARENT_SCOPE)
endfunction()

mcsurrogate_option(pythia8_config PYTHIA8_CONFIG)
set(arguments "")
if(pythia8_config)
  set(arguments --config "${pythia8_config}")
endif()
mcsurrogate_ask(pythia find_pythia.py ${arguments})
string(JSON PYTHIA8_ORIGIN GET "${pythia}" origin)
string(JSON PYTHIA8_INCLUDE GET "${pythia}" include)
string(JSON PYTHIA8_LIBRARY GET "${pythia}" library)
string(JSON PYTHIA8_RELEASE GET "${pythia}" release)
string(JSON PYTHIA8_CXX11_ABI GET "${pythia}" cxx11_abi)
message(STATUS "Pythia ${PYTHIA8_RELEASE} (${PYTHIA8_ORIGIN}): ${PYTHIA8_LIBRARY}, "
               "_GLIBCXX_USE_CXX11_ABI=${PYTHIA8_CXX11_ABI}, headers in ${PYTHIA8_INCLUDE}")

add_library(mcsurrogate_pythia8 INTERFACE)
add_library(mcsurrogate::pythia8 ALIAS mcsurrogate_pythia8)
target_include_directories(mcsurrogate_pythia8 SYSTEM INTERFACE "${PYTHIA8_INCLUDE}")
target_compile_definitions(mcsurrogate_pythia8
                           INTERFACE _GLIBCXX_USE_CXX11_ABI=${PYTHIA8_CXX11_ABI})
if(PYTHIA8_ORIGIN STREQUAL "config")
  # The wheel's library is made global by Python instead (mcsurrogate.native).
  target_link_libraries(mcsurrogate_pythia8 INTERFACE "${PYTHIA8_LIBRARY}")
endif()

mcsurrogate_option(hepmc3_root HEPMC3_ROOT)
set(arguments --cxx11-abi ${PYTHIA8_CXX11_ABI})
if(hepmc3_root)
  list(APPEND arguments --hepmc3-root "${hepmc3_root}")
endif()
mcsurrogate_ask(libraries find_wheel_libraries.py ${arguments})
foreach(name IN ITEMS hepmc3 zlib json)
  # JSON is headers alone.
  string(JSON library ERROR_VARIABLE none GET "${libraries}" ${name}_library)
  string(JSON include GET "${libraries}" ${name}_include)
  message(STATUS "${name}: ${include}")
  add_library(mcsurrogate_${name} INTERFACE)
  add_library(mcsurrogate::${name} ALIAS mcsurrogate_${name})
  target_include_directories(mcsurrogate_${name} SYSTEM INTERFACE "${include}")
  if(NOT none)
    target_link_libraries(mcsurrogate_${name} INTERFACE "${library}")
  endif()
endforeach()
