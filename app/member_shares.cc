#include "app/member_shares.h"

namespace schoolgate::app {

bool MemberShares::has_its_share(uid_t member) const {
  const auto found = by_member_.find(member);
  return found != by_member_.end() && found->second >= each_;
}

std::optional<MemberShares::Taken> MemberShares::take(uid_t member) {
  if (taken_ >= all_ || has_its_share(member)) return std::nullopt;
  ++taken_;
  ++by_member_[member];
  return Taken(*this, member);
}

void MemberShares::give_back(uid_t member) {
  --taken_;
  const auto found = by_member_.find(member);
  if (--found->second == 0) by_member_.erase(found);
}

}  // namespace schoolgate::app
