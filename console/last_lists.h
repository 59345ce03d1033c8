// Where a session's filtered list was, so that the way back from one of its rows keeps filter and page. Thread-safe.
#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace schoolgate::console {

class LastLists {
 public:
  /// `address`: the list's, with its query.
  void remember(std::string_view session, std::string address);
  /// The list that the session saw last, else `otherwise`.
  [[nodiscard]] std::string of(std::string_view session, std::string_view otherwise) const;

  static constexpr std::size_t kMost = 1000;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> by_session_;
};

}  // namespace schoolgate::console
