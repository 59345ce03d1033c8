// Answers of the directory about people, kept with their age, so that the first bell does not wait for it and a school
// whose directory is down still has its groups.
//
// Thread-safe; sends no question itself: a caller that gets `refresh` from look_up() asks the directory and calls put()
// or failed(). Holds at most 20,000 people; the oldest answer goes first.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "identity/directory.h"

namespace schoolgate::identity {

class DirectoryCache {
 public:
  using Clock = std::chrono::steady_clock;

  DirectoryCache(std::chrono::seconds fresh, std::chrono::seconds stale) : fresh_(fresh), stale_(stale) {}

  struct Found {
    /// Nothing known, or older than `stale`. A known answer may be "nobody has that name".
    bool known = false;
    std::optional<DirectoryPerson> person;
    /// The caller is the one who asks the directory now; told to one caller at a time for each name.
    bool refresh = false;
  };
  /// An answer younger than `fresh` is used as it is; an older one is used too, and one caller is told to refresh it.
  [[nodiscard]] Found look_up(std::string_view user, Clock::time_point now);
  /// As look_up() without the duty to refresh: what is left to say when the directory does not answer.
  [[nodiscard]] Found last_known(std::string_view user, Clock::time_point now) const;

  /// The directory's answer; "nobody" is kept for a minute at most.
  void put(std::string_view user, std::optional<DirectoryPerson> person, Clock::time_point now);
  /// The directory did not answer: the next look_up() a second later may try again.
  void failed(std::string_view user, Clock::time_point now);

  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::optional<DirectoryPerson> person;
    bool answered = false;
    Clock::time_point asked{};       // when the answer came
    Clock::time_point not_before{};  // no refresh before that: one is under way, or has just failed
  };
  void make_room();

  const std::chrono::seconds fresh_, stale_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace schoolgate::identity
