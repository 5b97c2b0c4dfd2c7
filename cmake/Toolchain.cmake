# SPDX-License-Identifier: GPL-3.0-or-later
# The compiler and Python's headers, or one line that says what to install.

include(CheckLanguage)
check_language(CXX)
if(NOT CMAKE_CXX_COMPILER)
  message(FATAL_ERROR " No C++ compiler found: install one (Debian: apt-get install g++ make)")
endif()
enable_language(CXX)
if(NOT CMAKE_SYSTEM_NAME STREQUAL "Linux")
  message(FATAL_ERROR " mcsurrogate builds on Linux; this is ${CMAKE_SYSTEM_NAME}")
endif()

find_package(Python 3.11 QUIET COMPONENTS Interpreter Development.Module)
if(NOT Python_Interpreter_FOUND)
  message(FATAL_ERROR " No Python 3.11 or later found: set Python_EXECUTABLE")
endif()
if(NOT Python_Development.Module_FOUND)
  message(FATAL_ERROR " Python.h of ${Python_EXECUTABLE} is missing: install Python's headers "
                      "(Debian: apt-get install python3-dev)")
endif()

execute_process(
  COMMAND "${Python_EXECUTABLE}" -m pybind11 --cmakedir
  OUTPUT_VARIABLE mcsurrogate_pybind11_dir
  OUTPUT_STRIP_TRAILING_WHITESPACE
  ERROR_QUIET)
find_package(pybind11 3.1 CONFIG QUIET HINTS "${mcsurrogate_pybind11_dir}")
if(NOT pybind11_FOUND)
  message(FATAL_ERROR " pybind11 3.1 is not installed for ${Python_EXECUTABLE}: "
                      "pip install 'pybind11>=3.1,<4'")
endif()
