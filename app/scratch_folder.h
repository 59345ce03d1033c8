// A folder for this user alone that is gone when its work is, whatever ends the work.
//
// A signal that ends the program is heard by Interruption, so that the work returns and destructors run. What SIGKILL
// or a crash leaves is removed by the next folder of the same name in the same place.
#pragma once

#include <filesystem>
#include <string>
#include <utility>

#include "base/error.h"
#include "proxy/net/file_descriptor.h"

namespace schoolgate::app {

class ScratchFolder {
 public:
  enum class Leftovers : bool { stay, are_removed };

  /// PARENT/NAME.XXXXXX, mode 0700. Leftovers: folders of this user with such a name that no process holds any more.
  [[nodiscard]] static Result<ScratchFolder> make(const std::filesystem::path& parent, const std::string& name,
                                                  Leftovers leftovers);
  /// Under TMPDIR, without leftovers.
  [[nodiscard]] static Result<ScratchFolder> temporary(const std::string& name);

  ScratchFolder(ScratchFolder&& other) noexcept
      : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  ~ScratchFolder();

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// It was put in its place, or holds something that must not be lost.
  void keep() noexcept { path_.clear(); }

 private:
  ScratchFolder(std::filesystem::path path, net::FileDescriptor lock)
      : path_(std::move(path)), lock_(std::move(lock)) {}

  std::filesystem::path path_;
  net::FileDescriptor lock_;
};

/// While one lives, SIGINT, SIGTERM and SIGHUP do not end the program: they are asked for. One at a time, by the only
/// thread of a command.
class Interruption {
 public:
  Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;
  ~Interruption();

  /// An error, fault host, once such a signal came.
  [[nodiscard]] static Result<void> check();
};

}  // namespace schoolgate::app
