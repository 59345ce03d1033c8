// What people write for a site where a rule's kind is not said: in measures and in named lists.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "rules/policy_spec.h"

namespace schoolgate::rules {

struct SiteText {
  RuleSpec::Kind kind = RuleSpec::Kind::site;  ///< site, or url when it names a part of a host
  std::string text;                            ///< as a rule of that kind takes it
};

/// "bbc.example", "https://bbc.example/" (the whole site) or "bbc.example/bitesize". Fault client: what is wrong with
/// it.
[[nodiscard]] Result<SiteText> read_site_text(std::string_view text);

}  // namespace schoolgate::rules
