// What a change of the configuration means: its kinds, the groups it is for, and a sentence for each part in plain
// English.
//
// Compares values, not text: a comment or another order is no change. What differs and is not understood counts as the
// kind that needs the strictest consent. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/change_rules.h"
#include "config/load.h"

namespace schoolgate::changes {

struct ChangedPart {
  config::ChangeKind kind = config::ChangeKind::opens;
  std::vector<std::string> groups;  ///< ids; empty: everybody
  bool whole_category = false;      ///< a category, a list, everything unlisted: not one site
  std::string sentence;             ///< "Key Stage 2 may open probability-lesson.example until 18 December 2026"
  /// The values before and after, where the sentence does not hold all of them: two parts that read the same and differ
  /// in this are two different changes. Never shown.
  std::string values = {};
  bool operator==(const ChangedPart&) const = default;
};

/// In the order of the files; empty: nothing changes but text.
[[nodiscard]] std::vector<ChangedPart> meaning_of(const config::Configuration& before,
                                                  const config::Configuration& after);

/// The consent that a part needs: the first rule that fits it. Null: no consent.
[[nodiscard]] const config::ConsentRule* consent_for(const ChangedPart& part, const config::ChangeRules& rules);

}  // namespace schoolgate::changes
