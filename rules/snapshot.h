// PolicySnapshot: everything that decides, compiled and immutable. One pure question: decide().
#pragma once

#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/problem.h"
#include "blocklists/category_db.h"
#include "rules/adjustments.h"
#include "rules/content_facts.h"
#include "rules/policy_spec.h"
#include "rules/presence.h"
#include "rules/response_facts.h"
#include "rules/subject.h"
#include "rules/verdict.h"

namespace schoolgate::rules {

struct CompiledPolicy;

/// Immutable and shared by all workers; any thread may call any member at any time. No I/O, no lock, no clock of its
/// own.
class PolicySnapshot {
 public:
  /// Compiles a policy. All problems of the spec are returned at once; warnings (an expired rule, say) come with
  /// success through `warnings`. Does not run the rules' own tests: run_tests() does.
  [[nodiscard]] static std::expected<std::shared_ptr<const PolicySnapshot>, Problems> compile(
      const PolicySpec& spec, std::shared_ptr<const blocklists::CategoryDb> lists, TimePoint now, Problems& warnings);

  ~PolicySnapshot();

  /// The subject behind an address: the longest matching network's group, else the fallback.
  [[nodiscard]] Subject subject_for(const names::IpAddress& address) const noexcept;
  /// The same with the person known to be there (null: none): the group that names the user; else the first, in the
  /// order of policy.yaml, that names one of the user's groups; else the one that names the kind of device; else as by
  /// address alone. Never allocates. The Subject's views live as long as `presence` and this snapshot.
  [[nodiscard]] Subject subject_for(const names::IpAddress& address, const Presence* presence) const noexcept;
  [[nodiscard]] std::optional<GroupIndex> find_group(std::string_view id) const noexcept;
  [[nodiscard]] std::string_view group_id(GroupIndex group) const noexcept;
  [[nodiscard]] std::string_view group_title(GroupIndex group) const noexcept;

  /// The judge. Total: there is no "don't know". The Verdict's views live as long as this snapshot and `request`.
  [[nodiscard]] Verdict decide(const Subject& subject, const Request& request, Stage stage,
                               TimePoint now) const noexcept;

  /// What `verdict` becomes when its allowance of the day is used up: block. A verdict that counts against none comes
  /// back as it is.
  [[nodiscard]] Verdict spent(const Verdict& verdict) const noexcept;

  /// The judge's second look, when a response's head has come: the group's `downloads`. Allow (tier unlisted) when
  /// there is nothing against it. A site of help, and an address that a `url` rule of the school allows, keep their
  /// downloads. `judged` is the verdict that let the request through, of this snapshot.
  [[nodiscard]] Verdict decide_response(const Subject& subject, const Request& request, const Verdict& judged,
                                        const ResponseFacts& facts) const noexcept;
  /// The most bytes that a body of unknown length may have for this group; 0: no limit.
  [[nodiscard]] std::uint64_t download_limit(GroupIndex group) const noexcept;

  /// Whether the body of the answer to this request is read for this subject. `judged` let the request through.
  [[nodiscard]] bool reads_content(const Subject& subject, const Request& request,
                                   const Verdict& judged) const noexcept;
  /// The judge's third look, while the body passes: allow (tier unlisted) where nothing in it is against it.
  [[nodiscard]] Verdict decide_content(const Subject& subject, const ContentFacts& facts, TimePoint now) const noexcept;
  /// Records of this group may have the phrases that were found.
  [[nodiscard]] bool keeps_words(GroupIndex group) const noexcept;
  /// True when some group reads pages.
  [[nodiscard]] bool reads_any_content() const noexcept;

  /// Why a connection to this host is opened or not, asked by its name alone, with evidence. Verdict::inspect_reason is
  /// the same answer without it.
  [[nodiscard]] Inspection why_inspect(const Subject& subject, const Request& by_name, TimePoint now) const noexcept;

  /// What to change in a request that is let through. `target` is the client's, in origin-form. Allocates only when
  /// something changes; the views live as long as this snapshot.
  [[nodiscard]] Adjustments adjustments_for(GroupIndex group, const names::Url& url, std::string_view target) const;
  /// Whether adjustments_for() could change anything at `host` (canonical).
  [[nodiscard]] bool may_adjust(GroupIndex group, std::string_view host) const noexcept;

  /// The safe endpoint to dial instead of `host` (canonical) for this group, e.g. "forcesafesearch.google.com"; empty
  /// when the group has no safe_search or the host is no search engine's.
  [[nodiscard]] std::string_view safe_endpoint(GroupIndex group, std::string_view host) const noexcept;

  /// Everything that matched, in order of precedence: what explain prints as "considered". Slow path.
  [[nodiscard]] std::vector<Citation> considered(const Subject& subject, const Request& request, Stage stage,
                                                 TimePoint now) const;
  [[nodiscard]] Citation cite(const Verdict& verdict) const;
  /// Every category that the site is in for this subject at this time, with what says so, the one first that leads
  /// (Reason::named()). Looks everything up again: for records and explain, not for a request that is let through.
  [[nodiscard]] std::vector<SiteCategory> categories_of(const Subject& subject, const Request& request,
                                                        const Verdict& verdict, TimePoint now) const;

  /// Runs the tests of rules/*.yaml against this snapshot; one error Problem for each that fails.
  [[nodiscard]] Problems run_tests(std::span<const RuleTestSpec> tests, TimePoint now) const;

  /// Reads what `explain --at` takes: RFC 3339, or "2026-11-22 12:30" / "12:30" / "tue 12:30" in the site's time.
  [[nodiscard]] std::optional<TimePoint> read_local_time(std::string_view text, TimePoint now) const;

  [[nodiscard]] const CategoryTable& categories() const noexcept;
  [[nodiscard]] const blocklists::CategoryDb& lists() const noexcept;
  /// To compile another policy over the same lists.
  [[nodiscard]] const std::shared_ptr<const blocklists::CategoryDb>& shared_lists() const noexcept;
  [[nodiscard]] const std::string& version() const noexcept;
  /// For the sources of this room.
  [[nodiscard]] const CompiledPolicy& compiled() const noexcept;

 private:
  PolicySnapshot();
  struct Impl;
  std::unique_ptr<const Impl> impl_;
};

}  // namespace schoolgate::rules
