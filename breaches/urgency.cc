#include "breaches/urgency.h"

#include <algorithm>

namespace schoolgate::breaches {
namespace {

enum class Move : std::uint8_t { none, illegal, lowered, raised, many_hosts };

Move move_of(const UrgencyFacts& facts) noexcept {
  if (facts.illegal) return Move::illegal;
  if (facts.attempts > 0 && facts.by_page == facts.attempts) return Move::lowered;
  if (facts.many_hosts) return Move::many_hosts;
  const bool repeated = facts.attempts - facts.by_page >= kRepeatedAttempts &&
                        (facts.span >= std::chrono::seconds(30) || facts.sites >= 3);
  return repeated && facts.category_urgency > 1 ? Move::raised : Move::none;
}

}  // namespace

std::string_view urgency_word(int urgency) noexcept {
  switch (urgency) {
    case 5: return "immediate";
    case 4: return "urgent";
    case 3: return "prompt";
    case 2: return "for the digest";
    default: return "for the record";
  }
}

int urgency_level(const UrgencyFacts& facts) noexcept {
  const Move move = move_of(facts);
  const int level = facts.category_urgency + (move == Move::raised ? 1 : move == Move::lowered ? -1 : 0);
  return std::clamp(level, 1, 5);
}

Urgency urgency_of(const UrgencyFacts& facts) {
  Urgency urgency{.level = urgency_level(facts), .reasons = {}};
  urgency.reasons.push_back("the category is " + std::to_string(facts.category_urgency) + " of 5, " +
                            std::string(urgency_word(facts.category_urgency)));
  switch (move_of(facts)) {
    case Move::none: break;
    case Move::illegal:
      if (facts.attempts > 0 && facts.by_page == facts.attempts)
        urgency.reasons.push_back(
            "illegal, so it is not lowered although a page loaded it: the device may be compromised");
      else
        urgency.reasons.push_back("illegal: neither raised nor lowered");
      break;
    case Move::lowered:
      urgency.reasons.push_back(facts.category_urgency > 1 ? "one less: a page loaded all of it by itself"
                                                           : "a page loaded all of it by itself");
      break;
    case Move::raised:
      urgency.reasons.push_back(facts.category_urgency < 5
                                    ? "one more: repeated, " + std::to_string(facts.attempts - facts.by_page) +
                                          " attempts"
                                    : "repeated, " + std::to_string(facts.attempts - facts.by_page) + " attempts");
      break;
    case Move::many_hosts: break;
  }
  if (facts.many_hosts)
    urgency.reasons.push_back(
        "many different sites within a minute from one device: suspected malware, the administrator is told");
  return urgency;
}

}  // namespace schoolgate::breaches
