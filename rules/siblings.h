// What else a connection can carry: a browser may use an open HTTP/2 connection for every name of the web site's
// certificate (RFC 9113 section 9.1.1), so the policy is asked about all of them.
//
// Pure; any thread. Slower than decide(): meant to be asked once per certificate, group and minute.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "names/host.h"
#include "rules/snapshot.h"

namespace schoolgate::rules {

/// A name of a certificate (RFC 6125): a host, or all hosts directly under one ("*.shop.example").
struct CoveredName {
  names::Host host;       ///< of a wildcard the parent
  bool wildcard = false;  ///< covers the parent's direct children, not the parent itself
  [[nodiscard]] std::string text() const { return (wildcard ? "*." : "") + host.text(); }
};
/// Nothing where no browser would take the name for a web site: an address, "*", a '*' anywhere but in front.
[[nodiscard]] std::optional<CoveredName> covered_name(std::string_view text);

/// How the policy treats a host, as far as it matters for a connection that is not opened. Ordered by strictness.
enum class Treatment : std::uint8_t {
  alike,   ///< let through unopened
  opened,  ///< let through, but recorded or looked into; or not known
  refused  ///< blocked or warned of
};

struct CoveredAnswer {
  Treatment treatment = Treatment::alike;
  bool sealed = false;  ///< because of an illegal category: no name may be shown
  std::string example;  ///< of a wildcard: a host under it that a rule of the school names; empty when lists decide
};

/// The strictest treatment that a host of `name` gets from this policy. For a wildcard every list and rule is asked for
/// hosts that it covers, and a host that none of them knows stands for the rest. An image that was compiled before
/// wildcards could be asked for makes the answer `opened`. May throw std::bad_alloc.
[[nodiscard]] CoveredAnswer treatment_of(const PolicySnapshot& policy, const Subject& subject, const CoveredName& name,
                                         TimePoint now);

/// True when the answer may differ between two addresses of one group: rules of a measure name networks.
[[nodiscard]] bool treats_by_address(const PolicySnapshot& policy) noexcept;

}  // namespace schoolgate::rules
