// How much of something bounded each member of the group holds: one of them cannot take what is there for all.
//
// One thread (the control plane's). What is taken outlives no MemberShares.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <utility>

namespace schoolgate::app {

class MemberShares {
 public:
  /// `all` at once, of which one member has `each` at most.
  MemberShares(int all, int each) noexcept : all_(all), each_(each) {}

  /// One of them, until it goes.
  class Taken {
   public:
    Taken(Taken&& other) noexcept : of_(std::exchange(other.of_, nullptr)), member_(other.member_) {}
    Taken& operator=(Taken&&) = delete;
    ~Taken() {
      if (of_) of_->give_back(member_);
    }

   private:
    friend class MemberShares;
    Taken(MemberShares& of, uid_t member) noexcept : of_(&of), member_(member) {}
    MemberShares* of_;
    uid_t member_;
  };

  /// Nothing: all are taken, or this member has its share.
  [[nodiscard]] std::optional<Taken> take(uid_t member);
  [[nodiscard]] bool has_its_share(uid_t member) const;

 private:
  void give_back(uid_t member);

  int all_, each_;
  int taken_ = 0;
  std::map<uid_t, int> by_member_;  ///< of those that hold something
};

}  // namespace schoolgate::app
