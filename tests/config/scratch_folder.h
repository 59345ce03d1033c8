// A folder of its own for one test, removed with it.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace schoolgate::config::test {

class ScratchFolder {
 public:
  ScratchFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "schoolgate-config-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "cannot make " << name;
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  void write(const std::string& name, std::string_view text) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }
  /// The two required files, as small as they can be.
  void write_sound() const {
    write("schoolgate.yaml",
          "site: { name: S, timezone: UTC }\nstate: state\nlisten: { proxy: [\"127.0.0.1:8080\"] }\n");
    write("policy.yaml", "groups: { pupils: { members: { networks: [10.0.0.0/8] } } }\nfallback: pupils\n");
  }

 private:
  std::filesystem::path path_;
};

}  // namespace schoolgate::config::test
