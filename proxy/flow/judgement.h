// One question put to the judge, with all that is needed to tell of it afterwards.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include "base/clock.h"
#include "proxy/http/message.h"
#include "rules/request.h"
#include "rules/snapshot.h"

namespace schoolgate::flow {

/// Keeps the snapshot that judged alive, so the Verdict's views stay good. `request` must outlive it.
struct Judgement {
  std::shared_ptr<const rules::PolicySnapshot> policy;
  rules::Subject subject;
  rules::Verdict verdict;
  TimePoint time;
  std::chrono::nanoseconds took{};  ///< what the decision cost

  [[nodiscard]] bool refuses() const noexcept {
    return verdict.action == rules::Action::block || verdict.action == rules::Action::warn;
  }
};

/// What a request says of how it came about: the Sec-Fetch fields and Referer. All empty where nothing was seen.
struct Origin {
  std::string_view fetch_mode, fetch_user, fetch_dest, referer;
  static Origin of(const http::Fields& fields) noexcept {
    return {fields.find(http::Name::sec_fetch_mode), fields.find(http::Name::sec_fetch_user),
            fields.find(http::Name::sec_fetch_dest), fields.find(http::Name::referer)};
  }
};

/// What the policy may ask of a response.
[[nodiscard]] inline rules::ResponseFacts facts_of(const http::ResponseHead& head) noexcept {
  rules::ResponseFacts facts{.content_type = head.fields.find(http::Name::content_type),
                             .content_disposition = head.fields.find(http::Name::content_disposition)};
  if (head.body.framing == http::Framing::length) facts.content_length = head.body.length;
  return facts;
}

}  // namespace schoolgate::flow
