// One question put to the judge, with all that is needed to tell of it afterwards.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "proxy/http/message.h"
#include "rules/presence.h"
#include "rules/request.h"
#include "rules/snapshot.h"

namespace schoolgate::flow {

/// What the client has to do before the verdict counts (doorway.h).
enum class Doorway : std::uint8_t {
  open,
  login,      ///< log in to the explicit proxy: 407
  sign_in,    ///< sign in, or accept the terms of use, on the sign-in page
  no_answer,  ///< wait: the client has logged in, and the login cannot be verified now
};

/// Keeps the snapshot that judged and the presence that was judged alive, so the views of Verdict and Subject stay
/// good. `request` must outlive it.
struct Judgement {
  std::shared_ptr<const rules::PolicySnapshot> policy;
  std::shared_ptr<const rules::Presence> presence;  ///< null: nothing is known but the address
  rules::Subject subject;
  rules::Verdict verdict;
  TimePoint time;
  std::chrono::nanoseconds took{};  ///< what the decision cost
  Doorway doorway = Doorway::open;
  bool selftest = false;   ///< the gateway asked itself: kept as that, and no alert tells of it
  std::string evidence{};  ///< of what a page says: categories and positions; words where the group keeps them
  bool portal = false;     ///< it leads to the sign-in page, which every client reaches

  /// Nothing goes on. Where a door stands before the verdict, that is answered first (doorway.h): it is no refusal.
  [[nodiscard]] bool refuses() const noexcept { return doorway != Doorway::open || verdict_refuses(); }
  [[nodiscard]] bool verdict_refuses() const noexcept {
    return verdict.action == rules::Action::block || verdict.action == rules::Action::warn;
  }
};

/// What a request says of how it came about: the Sec-Fetch fields and Referer. All empty where nothing was seen.
struct CameBy {
  std::string_view fetch_mode, fetch_user, fetch_dest, referer;
  static CameBy of(const http::Fields& fields) noexcept {
    return {fields.find(http::Name::sec_fetch_mode), fields.find(http::Name::sec_fetch_user),
            fields.find(http::Name::sec_fetch_dest), fields.find(http::Name::referer)};
  }
};

/// The page that a request comes from, as far as its fields tell: a site's helpers are open to its own pages.
[[nodiscard]] inline rules::AskingPage page_of(const http::Fields& fields) {
  return rules::asking_page(fields.find(http::Name::origin), fields.find(http::Name::referer),
                            fields.find(http::Name::sec_fetch_site), fields.find(http::Name::sec_fetch_dest));
}

/// What the policy may ask of a response.
[[nodiscard]] inline rules::ResponseFacts facts_of(const http::ResponseHead& head) noexcept {
  rules::ResponseFacts facts{.content_type = head.fields.find(http::Name::content_type),
                             .content_disposition = head.fields.find(http::Name::content_disposition)};
  if (head.body.framing == http::Framing::length) facts.content_length = head.body.length;
  return facts;
}

}  // namespace schoolgate::flow
