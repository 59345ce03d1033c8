// The lists on disk, under <state>/lists: what was fetched, what was compiled from it, and what is in force.
//
//     <state>/sealed.key                    32 random bytes: the key of sealed lists
//     <state>/lists/sources/NAME            a list as it was last accepted: fetched, or a copy of a local one
//     <state>/lists/copies.tsv              of which content of the local lists those copies are
//     <state>/lists/accepted.tsv            sites that must stay reachable and that a person let a list cover
//     <state>/lists/lists.tsv               what is known of each list: when fetched, ETag, last failure …
//     <state>/lists/images/000017.image     compiled images, the one in force and the three before it
//     <state>/lists/images/000017.tsv       how it came about: when, from what, and each list's counts and notes
//     <state>/lists/current                 the number of the image in force
//     <state>/lists/lock                    held while something is changed
//
// Everything is 0600 in folders of 0700 and is replaced by renaming: a reader sees the old state or the new one, and a
// crash leaves one of the two. Several processes may read; one at a time changes, under lock().
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
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
  std::string address_sha256;  ///< of the address that all of this is about, hex; empty: not known
};

/// Something about an image that people are told as long as it is in force.
struct ImageRemark {
  enum class Kind : std::uint8_t {
    refused,     ///< this content of the list was refused: `text` says why
    left_alone,  ///< the list leaves `site` alone, which `entry` covers
    covers,      ///< a list that is never thinned covers a site that must stay reachable; it is not named
    shrank,      ///< the list lost more than half of its entries, and was taken: `text`
    overruled,   ///< exceptions of the list's own are not honoured: `text`
    unprobed,    ///< a probe of lists.yaml is not covered: `text`
  };
  Kind kind = Kind::refused;
  std::string list, category, entry, site, text;
  bool operator==(const ImageRemark&) const = default;
};
[[nodiscard]] std::string_view to_string(ImageRemark::Kind kind) noexcept;

struct StoredImage {
  std::uint64_t number = 0;
  std::filesystem::path path;
  TimePoint made;
  std::string identity;  ///< what it was compiled from, as the caller said
  std::string checksum;
  bool withdrawn = false;  ///< was in force and was rolled back from
  std::vector<ImageRemark> remarks;
};

class ListStore {
 public:
  static constexpr std::size_t kKept = 3;  ///< images kept besides the one in force

  /// Makes the folders where they are missing. Fault host.
  [[nodiscard]] static Result<ListStore> open(const std::filesystem::path& state);
  /// To read only: makes nothing, and a folder that is not there reads as an empty one. Fault host: it is there and
  /// this user may not read it.
  [[nodiscard]] static Result<ListStore> open_to_read(const std::filesystem::path& state);

  /// One that holds nothing and can keep nothing: where the state folder cannot even be read.
  [[nodiscard]] static ListStore none() { return ListStore("/dev/null"); }

  /// Held while it lives.
  class Lock {
   public:
    explicit Lock(int fd) noexcept : fd_(fd) {}
    ~Lock();
    Lock(Lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Lock& operator=(Lock&&) = delete;

   private:
    int fd_;
  };
  /// Waits at most `patience` for another holder, of this process or another. Fault host: it holds on, or the file of
  /// the lock cannot be opened.
  [[nodiscard]] Result<Lock> lock(std::chrono::milliseconds patience = {}) const;

  /// The key of sealed lists, made at the first call. Fault host: unreadable, or readable by others.
  [[nodiscard]] Result<SealedKey> sealed_key() const;
  /// The same without making it; empty when there is none yet.
  [[nodiscard]] Result<std::optional<SealedKey>> known_sealed_key() const;

  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }
  /// Where the accepted content of a list lies.
  [[nodiscard]] std::filesystem::path source(std::string_view list) const;
  /// A place in the same file system for something that is not accepted yet.
  [[nodiscard]] std::filesystem::path staging(std::string_view name) const;

  [[nodiscard]] std::map<std::string, SourceState> source_states() const;
  [[nodiscard]] Result<void> set_source_states(const std::map<std::string, SourceState>& states) const;

  /// Keeps a copy of a local list as its last good content, sealed where the list is; nothing is done when that very
  /// content is kept already.
  [[nodiscard]] Result<void> keep_copy(const ListSource& local) const;
  /// True when the copy that is kept is of the content that lies at `local.path` now, as size and time tell it.
  [[nodiscard]] bool has_copy_of(const ListSource& local) const;

  /// "LIST\tSITE" of what a person let a list cover.
  [[nodiscard]] std::set<std::string> accepted_sites() const;
  [[nodiscard]] Result<void> set_accepted_sites(const std::set<std::string>& sites) const;

  /// The image in force; empty when none was ever published.
  [[nodiscard]] std::optional<StoredImage> current() const;
  /// All that are kept, the newest first.
  [[nodiscard]] std::vector<StoredImage> images() const;
  /// Opens the image in force; CategoryDb::empty() when there is none.
  [[nodiscard]] Result<std::shared_ptr<const CategoryDb>> open_current() const;

  /// Puts a compiled image in force and removes those older than the last kKept. An image with the content of one that
  /// was rolled back from is refused (fault config) unless `again`.
  [[nodiscard]] Result<StoredImage> publish(const std::filesystem::path& staged, const std::string& identity,
                                            const CompileReport& report, TimePoint now, bool again = false,
                                            std::span<const ImageRemark> remarks = {}) const;
  /// Replaces what is told of the image in force.
  [[nodiscard]] Result<void> set_remarks(std::span<const ImageRemark> remarks) const;
  /// Puts the newest image before the one in force that was not itself withdrawn back in force. Fault config: there is
  /// none.
  [[nodiscard]] Result<StoredImage> rollback() const;

 private:
  explicit ListStore(std::filesystem::path state) : state_(std::move(state)), folder_(state_ / "lists") {}
  [[nodiscard]] std::filesystem::path image_file(std::uint64_t number, std::string_view ending) const;

  std::filesystem::path state_, folder_;
};

}  // namespace schoolgate::blocklists
