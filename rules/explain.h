// A Reason in words, for each of three readers. The one place where wording about verdicts lives.
#pragma once

#include <optional>
#include <string>

#include "rules/snapshot.h"

namespace schoolgate::rules {

struct Explanation {
  std::string pupil;       ///< readable by a seven-year-old; never names the category of anything illegal or sexual
  std::string technician;  ///< tier, rule or list, entry, file and line; "sealed" where sealed
  std::string lead;        ///< for the safeguarding lead: theme, what it means, how sure
};

[[nodiscard]] Explanation explain(const PolicySnapshot& snapshot, const Subject& subject, const Request& request,
                                  const Verdict& verdict);
/// As above; with `now` the technician also reads which rules cover the request but are for others or out of date.
[[nodiscard]] Explanation explain(const PolicySnapshot& snapshot, const Subject& subject, const Request& request,
                                  const Verdict& verdict, std::optional<TimePoint> now);

/// "opened: …", "not opened: …" or "never opened: …", with the rule, list or table that says so.
[[nodiscard]] std::string explain_inspection(const PolicySnapshot& snapshot, GroupIndex group, const Inspection& found);

/// The object that `schoolgate explain --json` prints (contract section 2). `shares_certificate`: the connection is
/// opened for what else it can carry (siblings.h).
[[nodiscard]] std::string explain_json(const PolicySnapshot& snapshot, const Subject& subject, const Request& request,
                                       Stage stage, TimePoint now, std::string_view url_as_given,
                                       bool shares_certificate = false);

}  // namespace schoolgate::rules
