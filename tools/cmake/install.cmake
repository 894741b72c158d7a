# What `cmake --install` brings, in components: program (bin/loom and the library it loads), models (share/loom),
# development (headers, libloom.a, the package config of find_package(loom)).
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

install(TARGETS loom RUNTIME COMPONENT program)
install(FILES ${LOOM_ONNX}/lib/libonnxruntime.so.1 DESTINATION ${CMAKE_INSTALL_LIBDIR}/loom COMPONENT program)
set_target_properties(loom PROPERTIES INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}/loom")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/.deps/models DESTINATION share/loom COMPONENT models PATTERN "*.ok" EXCLUDE)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/loom DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT development)
install(TARGETS loom_library ARCHIVE COMPONENT development)
set(LOOM_OWN_RDKAFKA "")
set(LOOM_SYSTEM_RDKAFKA rdkafka)
if(EXISTS ${LOOM_RDKAFKA}/lib/librdkafka.a)
  install(FILES ${LOOM_RDKAFKA}/lib/librdkafka.a DESTINATION ${CMAKE_INSTALL_LIBDIR}/loom COMPONENT development)
  set(LOOM_OWN_RDKAFKA "\${PACKAGE_PREFIX_DIR}/${CMAKE_INSTALL_LIBDIR}/loom/librdkafka.a")
  set(LOOM_SYSTEM_RDKAFKA "")
endif()
set(LOOM_LIBRARY_FILE ${CMAKE_INSTALL_LIBDIR}/libloom.a)
set(LOOM_CMAKE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/loom)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/loomConfig.cmake.in ${PROJECT_BINARY_DIR}/loomConfig.cmake
  INSTALL_DESTINATION ${LOOM_CMAKE_FOLDER} PATH_VARS LOOM_LIBRARY_FILE CMAKE_INSTALL_INCLUDEDIR)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/loomConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/loomConfig.cmake ${PROJECT_BINARY_DIR}/loomConfigVersion.cmake
  DESTINATION ${LOOM_CMAKE_FOLDER} COMPONENT development)
