# wr_embed(TARGET lua|sql|text NAME FILE...): adds NAME.h and NAME.c, made from the files, to TARGET (common/embed.h).
function(wr_embed target kind name)
  set(out ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  file(GLOB shared_lua CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/common/*.lua)
  add_custom_command(
    OUTPUT ${out}/${name}.h ${out}/${name}.c
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/cmake/embed.py ${kind} ${name} ${out} ${CMAKE_SOURCE_DIR} ${ARGN}
    DEPENDS ${ARGN} ${shared_lua} ${CMAKE_SOURCE_DIR}/cmake/embed.py
    VERBATIM)
  target_sources(${target} PRIVATE ${out}/${name}.c ${out}/${name}.h)
  target_include_directories(${target} PUBLIC ${out})
endfunction()

# wr_daemon(NAME [SOURCES...]): lib<NAME>_parts with everything but main.c (so that tests link the shipped objects), and
# the program. Lua, HTML and CSS beside the sources and sql/queries/<folder>/*.sql are embedded.
function(wr_daemon name)
  get_filename_component(folder ${CMAKE_CURRENT_SOURCE_DIR} NAME)
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.c)
  list(REMOVE_ITEM sources ${CMAKE_CURRENT_SOURCE_DIR}/main.c)
  file(GLOB lua CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.lua)
  file(GLOB text CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.html ${CMAKE_CURRENT_SOURCE_DIR}/*.css)
  file(GLOB sql CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/sql/queries/${folder}/*.sql)
  add_library(${name}_parts STATIC ${sources})
  target_include_directories(${name}_parts PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
  target_link_libraries(${name}_parts PUBLIC wr)
  if(lua)
    wr_embed(${name}_parts lua lua_${folder} ${lua})
  endif()
  if(sql)
    wr_embed(${name}_parts sql sql_${folder} ${sql})
  endif()
  if(text)
    wr_embed(${name}_parts text text_${folder} ${text})
  endif()
  add_executable(${name} main.c)
  target_link_libraries(${name} PRIVATE ${name}_parts)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
endfunction()
