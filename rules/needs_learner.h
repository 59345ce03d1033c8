// What the sites of a walled garden need: proposals for `needs:`, learned from what was refused beneath them.
//
// Fed with what the decision log tells of groups with `unlisted: block`; judges every host by the policy in force, so a
// host that is blocked for a reason is never proposed. Devices are counted, people are not known here. One thread; the
// control plane's or a command's, never a worker's.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/problem.h"
#include "rules/policy_spec.h"
#include "rules/snapshot.h"

namespace schoolgate::rules {

/// A page loads what it needs within so many seconds; what is refused later is taken for something else.
inline constexpr std::chrono::seconds kLoadsWithin{10};

/// One request as the decision log has it.
struct SeenRequest {
  TimePoint time;
  std::string_view group, device, host;
  std::string_view page;  ///< host of the page that asked (Referer, or Origin); empty where it was not seen
  bool refused = false;   ///< as unlisted; else it was let through
};

/// A host that a site asked for.
struct NeededHost {
  std::string host;
  std::uint64_t told = 0;  ///< refusals where a page of the site asked, as the browser says
  std::uint64_t followed =
      0;                    ///< by time only: times that the site was opened and the host refused within kLoadsWithin
  std::uint64_t apart = 0;  ///< refusals of the host by name that followed no site, or more than one
  std::size_t devices = 0;
  TimePoint last;
  /// Why it is not proposed: "list bets (gambling)", "a block rule at rules/school.yaml:3"; empty: it is.
  std::string against;
  [[nodiscard]] bool by_time_only() const noexcept { return told == 0; }
};

/// An allow rule of the school, and what its site was refused.
struct SiteNeeds {
  std::string site;  ///< as the rule writes it
  SourcePosition at;
  std::vector<std::string> groups;   ///< in which it was refused
  std::vector<std::string> has;      ///< what the rule names already
  std::vector<NeededHost> proposed;  ///< most often told first, then by time
  std::vector<NeededHost> not_proposed;
};

class NeedsLearner {
 public:
  /// `spec` is what `policy` was compiled from; both outlive this.
  NeedsLearner(const PolicySpec& spec, const PolicySnapshot& policy, TimePoint now);

  /// In any order. False: there is no room for more, and this one was left out.
  bool add(const SeenRequest& seen);

  /// Only what stands the test: told by a page at least once; or by time alone on three occasions, and three quarters
  /// of all its refusals by name followed this one site. What is open by now is left out, and so is every host of an
  /// illegal category or of a sealed list, as if it had never been asked for. In the order of the rules.
  [[nodiscard]] std::vector<SiteNeeds> proposals() const;

 private:
  struct Site {
    const RuleSpec* rule = nullptr;
    std::string host;    ///< canonical
    bool under = false;  ///< its subdomains are the site's too
  };
  struct Event {
    TimePoint time;
    std::uint32_t device = 0, group = 0;
    std::uint32_t host = 0;
    std::int32_t page = -1;
    bool refused = false;
  };
  /// One host beneath one site.
  struct Found {
    NeededHost needed;  ///< told and last
    std::set<std::uint32_t> devices;
    std::set<std::pair<std::uint32_t, TimePoint>> occasions;  ///< device, and minute in which it opened the site
    std::uint64_t requests = 0;                               ///< refusals that followed this site alone, by time
  };
  struct Evidence {
    std::map<std::pair<std::size_t, std::uint32_t>, Found> found;  ///< by site and host
    std::map<std::size_t, std::set<std::string>> groups;           ///< of a site: in which a host was refused
    std::map<std::uint32_t, std::uint64_t> by_name;                ///< of a host: refusals without a page
  };
  [[nodiscard]] Evidence gather() const;
  [[nodiscard]] SiteNeeds needs_of(std::size_t number, const Evidence& evidence) const;

  [[nodiscard]] std::uint32_t number_of(std::string_view text);
  /// Index into sites_, or -1: the page of no allow rule of this group, or of several as closely.
  [[nodiscard]] int site_of(std::string_view page, const std::string& group) const;
  [[nodiscard]] std::string against(const std::string& host, const std::set<std::string>& groups, bool& hidden,
                                    bool& open) const;

  const PolicySpec& spec_;
  const PolicySnapshot& policy_;
  TimePoint now_;
  std::set<std::string, std::less<>> walled_in_;
  std::vector<Site> sites_;
  std::map<std::string, std::uint32_t, std::less<>> numbers_;
  std::vector<std::string> texts_;
  std::vector<Event> events_;
};

}  // namespace schoolgate::rules
