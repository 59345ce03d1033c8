// Between an importer and a list: brings entries into canonical form, and keeps the report of what could not be taken.
//
// One object for one list, single-threaded. What becomes of an entry is the subclass's: OpenList keeps keys,
// SealedList keyed tags.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "blocklists/compile.h"
#include "blocklists/format.h"
#include "names/ip_address.h"
#include "names/url.h"

namespace schoolgate::blocklists {

class ListIntake : public EntrySink {
 public:
  static constexpr std::size_t kDeepestPath = 64;  ///< segments of a URL entry; deeper ones are rejected

  explicit ListIntake(const ListSource& source);

  /// Names the line that the next calls are about; both outlive them. `file` is empty for a file source.
  void at(const std::string& file, std::uint64_t line, std::string_view text) noexcept;

  /// As at(), and counts the line. False when it is no text an importer should see (too long, NULs): rejected then.
  [[nodiscard]] bool begin_line(const std::string& file, const LineReader::Line& line);

  void host(std::string_view text) final;
  void url(std::string_view text) final;
  void pattern(std::string_view text, bool whole_url) final;
  void except(std::string_view text, Reach reach) final;
  void close_again(std::string_view text) final;
  void withdraw(std::string_view host) final;
  void adjust(std::string_view reason) final;
  void skip(std::string_view reason) final;
  void reject(std::string_view reason) final;

  [[nodiscard]] ListReport& report() noexcept { return report_; }
  [[nodiscard]] std::uint64_t entries() const noexcept { return entries_; }

 protected:
  virtual void take_host(std::string_view host, bool is_address) = 0;
  virtual void take_network(const names::IpNetwork& network) = 0;
  virtual void take_url(const names::Url& url) = 0;
  virtual void take_pattern(std::string_view text, bool whole_url) = 0;
  /// A list that takes none says so: skip().
  virtual void take_exception(const names::Url& at, bool with_path, Reach reach) = 0;
  virtual void take_exception_back(const names::Url& at, bool with_path) = 0;
  virtual void take_withdrawal(std::string_view host, bool is_address) = 0;

  /// Fills in the reasons; the subclass calls it when the list is complete.
  void close_report();

 private:
  void accept_host(std::string_view host, bool is_address);
  /// Of an exception that a list of this kind may not have: counts it.
  void overrule(std::string_view reason);
  void note(std::uint64_t& counter, std::string_view reason);

  bool sealed_, illegal_, keep_public_suffixes_;
  ListReport report_;
  std::map<std::string, std::uint64_t, std::less<>> reasons_;
  const std::string* file_ = nullptr;
  std::uint64_t line_ = 0;
  std::string_view text_;
  std::string scratch_;
  std::uint64_t entries_ = 0;
};

}  // namespace schoolgate::blocklists
