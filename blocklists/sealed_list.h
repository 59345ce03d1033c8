// A sealed list: one whose entries must not be read, kept as keyed tags of canonical hosts and URLs and nothing else.
//
// The key is 32 random bytes in the state folder (sealed_key.h). Without it the tags tell nothing, and with it a name
// can be asked for but not listed. No text of an entry reaches the image, a report, a log or an Error.
#pragma once

#include <span>
#include <vector>

#include "blocklists/image_format.h"
#include "blocklists/list_intake.h"
#include "blocklists/sip_hash.h"

namespace schoolgate::blocklists {

/// What a SealedKey is used for.
class Sealer {
 public:
  explicit Sealer(const SealedKey& key) noexcept;

  /// The tag of a host, with `list` in its place.
  [[nodiscard]] SealedEntry host(std::string_view host, std::uint16_t list) const noexcept;
  /// The tag of a URL: host, path without a slash at its end, query ("" when none).
  [[nodiscard]] SealedEntry url(std::string_view host, std::string_view path, std::string_view query,
                                std::uint16_t list) const noexcept;
  /// Tells keys apart without telling anything of them.
  [[nodiscard]] std::array<std::uint8_t, 16> check() const noexcept;

 private:
  SipHash::Key tags_, check_;
};

class SealedList final : public ListIntake {
 public:
  SealedList(const Sealer& sealer, const ListSource& source, std::uint16_t list)
      : ListIntake(source), sealer_(sealer), list_(list) {}

  /// Adds the tags, duplicates dropped, to what other lists gave; a host at which URLs stand is there with kUrlsBelow,
  /// and so are wildcards (wildcards.h).
  void finish(std::vector<SealedEntry>& hosts, std::vector<SealedEntry>& urls);

 private:
  void take_host(std::string_view host, bool is_address) override;
  void take_network(const names::IpNetwork& network) override;
  void take_url(const names::Url& url) override;
  void take_pattern(std::string_view text, bool whole_url) override;
  void take_exception(const names::Url&, bool, Reach) override { skip("a sealed list leaves nothing alone"); }
  void take_exception_back(const names::Url&, bool) override { skip("a sealed list leaves nothing alone"); }
  void take_withdrawal(std::string_view, bool) override { skip("a sealed list leaves nothing alone"); }
  void take_wildcard_over(std::string_view host);

  const Sealer& sealer_;
  std::uint16_t list_;
  std::vector<SealedEntry> hosts_, urls_, url_hosts_;
};

}  // namespace schoolgate::blocklists
