// The lists on disk, under <state>/lists: what was fetched, what was compiled from it, and what is in force.
//
//     <state>/sealed.key                    32 random bytes: the key of sealed lists
//     <state>/lists/sources/NAME            a remote list as it was last fetched and accepted
//     <state>/lists/lists.tsv               what is known of each list: when fetched, ETag, last failure …
//     <state>/lists/images/000017.image     compiled images, the one in force and the three before it
//     <state>/lists/images/000017.tsv       how it came about: when, from what, and each list's counts and notes
//     <state>/lists/current                 the number of the image in force
//     <state>/lists/lock                    held while something is changed
//
// Everything is 0600 in folders of 0700 and is replaced by renaming: a reader sees the old state or the new one, and a
// crash leaves one of the two. Several processes may read; one at a time changes, under lock().
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "blocklists/category_db.h"
#include "blocklists/compile.h"

namespace schoolgate::blocklists {

/// What is known of one remote list.
struct SourceState {
  TimePoint fetched;  ///< when its content last came; the epoch: never
  TimePoint checked;  ///< when its server last answered, with or without news
  std::string etag, last_modified;
  std::string sha256;          ///< of the accepted file, hex
  std::string version;         ///< as the list or its signature says it; never goes back
  std::string failure;         ///< why the last attempt came to nothing; empty after a good one
  std::uint64_t failures = 0;  ///< attempts in a row that came to nothing
};

struct StoredImage {
  std::uint64_t number = 0;
  std::filesystem::path path;
  TimePoint made;
  std::string identity;  ///< what it was compiled from, as the caller said
  std::string checksum;
  bool withdrawn = false;  ///< was in force and was rolled back from
};

class ListStore {
 public:
  static constexpr std::size_t kKept = 3;  ///< images kept besides the one in force

  /// Makes the folders where they are missing. Fault host.
  [[nodiscard]] static Result<ListStore> open(const std::filesystem::path& state);

  /// Held while it lives; another holder makes it fail at once (fault host).
  class Lock {
   public:
    explicit Lock(int fd) noexcept : fd_(fd) {}
    ~Lock();
    Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Lock& operator=(Lock&&) = delete;

   private:
    int fd_;
  };
  [[nodiscard]] Result<Lock> lock() const;

  /// The key of sealed lists, made at the first call. Fault host: unreadable, or readable by others.
  [[nodiscard]] Result<SealedKey> sealed_key() const;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// Where the accepted content of a remote list lies.
  [[nodiscard]] std::filesystem::path source(std::string_view list) const;
  /// A place in the same file system for something that is not accepted yet.
  [[nodiscard]] std::filesystem::path staging(std::string_view name) const;

  [[nodiscard]] std::map<std::string, SourceState> source_states() const;
  [[nodiscard]] Result<void> set_source_states(const std::map<std::string, SourceState>& states) const;

  /// The image in force; empty when none was ever published.
  [[nodiscard]] std::optional<StoredImage> current() const;
  /// All that are kept, the newest first.
  [[nodiscard]] std::vector<StoredImage> images() const;
  /// Opens the image in force; CategoryDb::empty() when there is none.
  [[nodiscard]] Result<std::shared_ptr<const CategoryDb>> open_current() const;

  /// Puts a compiled image in force and removes those older than the last kKept. An image with the content of one that
  /// was rolled back from is refused (fault config) unless `again`.
  [[nodiscard]] Result<StoredImage> publish(const std::filesystem::path& staged, const std::string& identity,
                                            const CompileReport& report, TimePoint now, bool again = false) const;
  /// Puts the newest image before the one in force that was not itself withdrawn back in force. Fault config: there is
  /// none.
  [[nodiscard]] Result<StoredImage> rollback() const;

 private:
  explicit ListStore(std::filesystem::path state) : state_(std::move(state)), folder_(state_ / "lists") {}
  [[nodiscard]] std::filesystem::path image_file(std::uint64_t number, std::string_view ending) const;

  std::filesystem::path state_, folder_;
};

}  // namespace schoolgate::blocklists
