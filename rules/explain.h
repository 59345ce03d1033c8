// A Reason in words, for each of three readers. The one place where wording about verdicts lives.
#pragma once

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

/// The object that `schoolgate explain --json` prints (contract section 2).
[[nodiscard]] std::string explain_json(const PolicySnapshot& snapshot, const Subject& subject, const Request& request,
                                       Stage stage, TimePoint now, std::string_view url_as_given);

}  // namespace schoolgate::rules
