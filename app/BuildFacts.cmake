# SCHOOLGATE_BUILD_FACTS: what `schoolgate version` prints, as definitions: the version, the revision (empty when this is
# no checkout) and the libraries that were found.
execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} describe --always --dirty --abbrev=12
                OUTPUT_VARIABLE revision OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)

find_package(Boost 1.81 REQUIRED CONFIG)
set(libraries "Boost ${Boost_VERSION_STRING}")
foreach(library IN ITEMS "OpenSSL openssl" "RE2 re2" "yaml-cpp yaml-cpp" "SQLite sqlite3" "libcurl libcurl"
                         "c-ares libcares" "libidn2 libidn2" "zlib zlib")
  separate_arguments(library)
  list(GET library 0 name)
  list(GET library 1 module)
  execute_process(COMMAND ${PKG_CONFIG_EXECUTABLE} --modversion ${module}
                  OUTPUT_VARIABLE version OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(version)
    string(APPEND libraries ", ${name} ${version}")
  endif()
endforeach()

# When this release was made, in seconds since 1970: what no clock is believed to be before. SOURCE_DATE_EPOCH where a
# package is built, else the last change, else (or where that lies ahead of this machine's clock) today.
string(TIMESTAMP released "%s" UTC)
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  math(EXPR released "${released} / 86400 * 86400")
  execute_process(COMMAND git -C ${CMAKE_SOURCE_DIR} log -1 --format=%ct
                  OUTPUT_VARIABLE changed OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  if(changed MATCHES "^[0-9]+$" AND changed LESS released)
    set(released ${changed})
  endif()
endif()

set(SCHOOLGATE_BUILD_FACTS
  SCHOOLGATE_RELEASED=${released} SCHOOLGATE_VERSION="${PROJECT_VERSION}" SCHOOLGATE_REVISION="${revision}" SCHOOLGATE_BUILT_WITH="${libraries}")
