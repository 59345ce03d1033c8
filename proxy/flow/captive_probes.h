// The probes by which operating systems look for a sign-in page, and the answers that they take for success.
//
// A device behind a walled garden cannot reach Apple's, Google's or Microsoft's probe and would tell its owner that
// there is no internet; so the gateway gives the answer itself. Static data, from data/captive_probes.txt; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "names/url.h"

namespace schoolgate::flow {

/// What a probe expects when nothing stands in the way. Views static text.
struct CaptiveProbe {
  std::string_view host, path;
  int status = 204;
  std::string_view type;  ///< media type; empty: none
  std::string body;
};

/// The probe that this address is, or null. Only plain http is one: inside TLS the web site itself has to answer.
[[nodiscard]] const CaptiveProbe* captive_probe(const names::Url& url) noexcept;

/// The whole HTTP/1.1 answer of success. `head_only`: to HEAD.
[[nodiscard]] std::string probe_answer(const CaptiveProbe& probe, bool keep_alive, bool head_only);

}  // namespace schoolgate::flow
