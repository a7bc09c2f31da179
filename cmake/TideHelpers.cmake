# tide_library(NAME SOURCES a.c ... [DEPS lib ...] [PUBLIC_DEPS lib ...])
#   A static library of one subfolder. DEPS are the arrows of docs/architecture.md.
# tide_test(NAME SOURCES a.c ... [DEPS lib ...])
#   A cmocka program, registered with ctest under NAME. It may print "skipped: reason" and exit 77.
set(TIDE_WARNINGS -Wall -Wextra -Werror -Wshadow -Wconversion -Wno-sign-conversion -Wundef -Wformat=2)
set(TIDE_C_WARNINGS ${TIDE_WARNINGS} -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wvla)

add_library(tide_flags INTERFACE)
target_include_directories(tide_flags INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_SOURCE_DIR}/jobapi/include)
target_compile_options(tide_flags INTERFACE
    "$<$<COMPILE_LANGUAGE:C>:${TIDE_C_WARNINGS}>" "$<$<COMPILE_LANGUAGE:CXX>:${TIDE_WARNINGS}>"
    -fno-strict-aliasing -fno-omit-frame-pointer -fno-semantic-interposition)
target_compile_definitions(tide_flags INTERFACE _GNU_SOURCE)
if(TIDE_SANITIZE)
    # Instrumented code makes the compiler suspect what it can otherwise prove: there warnings warn.
    target_compile_options(tide_flags INTERFACE -fsanitize=${TIDE_SANITIZE} -fno-sanitize-recover=all -Wno-error)
    target_link_options(tide_flags INTERFACE -fsanitize=${TIDE_SANITIZE})
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        target_link_options(tide_flags INTERFACE -static-libgcc)
    endif()
endif()
if(TIDE_SLOW_ASSERTS)
    target_compile_definitions(tide_flags INTERFACE TIDE_SLOW_ASSERTS=1)
endif()

set_property(GLOBAL PROPERTY TIDE_LIBRARIES "")

function(tide_library name)
    cmake_parse_arguments(A "" "" "SOURCES;DEPS;PUBLIC_DEPS" ${ARGN})
    add_library(${name} STATIC ${A_SOURCES})
    target_link_libraries(${name} PUBLIC tide_flags ${A_PUBLIC_DEPS} PRIVATE ${A_DEPS})
    set_property(GLOBAL APPEND PROPERTY TIDE_LIBRARIES ${name})
endfunction()

# Hot loops: these sources are compiled at -O3.
function(tide_kernels)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS "-O3")
endfunction()

function(tide_test name)
    cmake_parse_arguments(A "" "" "SOURCES;DEPS" ${ARGN})
    add_executable(${name} ${A_SOURCES})
    target_link_libraries(${name} PRIVATE tide_flags ${A_DEPS} PkgConfig::CMOCKA)
    add_test(NAME ${name} COMMAND ${name})
    set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77)
endfunction()
