// A hosts(5) file: names that this machine's owner gave addresses to, before any name server is asked.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "proxy/net/address_list.h"

namespace schoolgate::net {

/// Follows one file: read when made, read again when its identity, size or time has changed. Lines that are no hosts
/// lines are passed over; a file that is missing, too large or unreadable holds no names. Not thread-safe.
class HostsFile {
 public:
  static constexpr std::size_t kMaxBytes = 16u << 20;

  explicit HostsFile(std::filesystem::path path);

  /// Looks at the file's stamp and reads it again when that is new; true when it was read.
  bool refresh();
  /// The addresses of `name` (canonical) in the file's order; empty when it has none.
  [[nodiscard]] AddressList find(std::string_view name) const noexcept;
  [[nodiscard]] bool empty() const noexcept { return names_.empty(); }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view name) const noexcept { return std::hash<std::string_view>()(name); }
  };
  struct Stamp {
    std::uint64_t device = 0, inode = 0, size = 0;
    std::int64_t seconds = 0, nanoseconds = 0;
    bool operator==(const Stamp&) const = default;
  };
  void read();

  std::filesystem::path path_;
  Stamp stamp_;
  std::unordered_map<std::string, AddressList, Hash, std::equal_to<>> names_;
};

}  // namespace schoolgate::net
