// Which connections carry more than the site that was asked for: what `check`, `inspect-report` and `explain` say of
// them.
//
// A browser may use one HTTP/2 connection for every name of a certificate. Certificates are seen by the running gateway
// alone; it tells what it has seen on its control socket ("certificate HOST", "shared"). Questions: nothing is written.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/load_policy.h"
#include "base/problem.h"
#include "proxy/flow/coalescing.h"
#include "rules/subject.h"

namespace schoolgate::app {

/// "host TAB sibling" for each: the answer to "shared".
[[nodiscard]] std::string shared_lines(const std::vector<flow::CertificateNames::Unwatched>& shared);
/// Lines that are not of that form are passed over.
[[nodiscard]] std::vector<flow::CertificateNames::Unwatched> read_shared_lines(std::string_view text);

/// The name of `host`'s certificate that makes the transparent path open a connection to it, as the running gateway has
/// seen that certificate; empty when there is none, no transparent listener, or no gateway to ask.
[[nodiscard]] std::string opened_because_of(const LoadedPolicy& loaded, const rules::Subject& subject,
                                            const std::string& host, TimePoint now);

/// What the configuration cannot hold apart: everything where inspection is off; sites of `inspection.never` with
/// refused sites beside them; and what the running gateway, if one may be asked, has seen. Warnings.
[[nodiscard]] Problems shared_connection_warnings(const LoadedPolicy& loaded, const std::filesystem::path& folder,
                                                  TimePoint now);

}  // namespace schoolgate::app
