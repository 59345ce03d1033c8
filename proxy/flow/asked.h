// What a request asks for, and what the policy changes in it before it goes on: the same for HTTP/1 and HTTP/2.
#pragma once

#include <string>
#include <string_view>
#include <variant>

#include "names/url.h"
#include "proxy/flow/connection.h"
#include "proxy/flow/judgement.h"
#include "proxy/flow/refusal.h"
#include "proxy/http/message.h"
#include "rules/adjustments.h"

namespace schoolgate::flow {

/// From the request line, the Host field and the way the connection came.
struct Asked {
  names::Url url;
  std::string_view target;  ///< origin-form, as the client wrote it
};

/// The continue button of a warning page was used: the browser is sent on to `url`, which is absolute.
struct Redirect {
  std::string url;
};

/// Everything that the gateway says before the policy is asked, the same for every version of HTTP. A FaultPage has
/// been counted: 508 for a request that has been here before, 400 for one that asks for nothing, 421 for one that asks
/// for another web site than the connection was opened for (RFC 9110 section 7.4). A token that leaves a
/// warning's pass is taken off the target. `storage` holds a target that had to be written anew and lives as long as
/// the answer.
[[nodiscard]] std::variant<Asked, FaultPage, Redirect> what_is_asked(const Connection& connection,
                                                                     const http::RequestHead& head,
                                                                     std::string& storage);

/// Static text where there is one (a tunnel's record outlives the head), else a copy in `storage`.
[[nodiscard]] std::string_view method_name(const http::RequestHead& head, std::string& storage);

/// The scheme and authority of a canonical URL, as "https://web.example:8443".
[[nodiscard]] std::string_view origin_of(const names::Url& url) noexcept;
/// The authority alone, as Host and :authority name it.
[[nodiscard]] std::string_view authority_of(const names::Url& url) noexcept;

/// SafeSearch by parameter, and the fields that limit sign-ins. Returns the target to send. What is put into `head`
/// views the snapshot of `judgement`; the returned view may be one of `adjusted`.
[[nodiscard]] std::string_view adjust(const Judgement& judgement, const rules::Request& request,
                                      http::RequestHead& head, std::string_view target, rules::Adjustments& adjusted);

}  // namespace schoolgate::flow
