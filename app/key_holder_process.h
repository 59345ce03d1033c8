// The process that alone holds the authority's key: this program once more, as `schoolgate key-holder`.
//
// One thread at a time. The process ends when its asker's end of the channel does, and with this object.
#pragma once

#include <sys/types.h>

#include <filesystem>

#include "base/error.h"
#include "proxy/net/file_descriptor.h"

namespace schoolgate::app {

class KeyHolderProcess {
 public:
  /// `folder`: of the authority.
  explicit KeyHolderProcess(std::filesystem::path folder);
  KeyHolderProcess(const KeyHolderProcess&) = delete;
  KeyHolderProcess& operator=(const KeyHolderProcess&) = delete;
  /// A reload that switches inspection off, or changes the authority, leaves no process behind.
  ~KeyHolderProcess();

  /// The asker's end of a new channel to a new process; one that was started before is ended and reaped.
  [[nodiscard]] Result<net::FileDescriptor> start();

 private:
  void end();

  std::filesystem::path folder_;
  pid_t child_ = -1;
};

}  // namespace schoolgate::app
