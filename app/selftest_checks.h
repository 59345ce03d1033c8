// What the self-test checks, derived from the configuration: the rules' own tests, and for every category that a list
// gets blocked one name of that list.
//
// A check is sent through the running gateway when this machine has an address that the policy takes for somebody of
// the group in question; else it is judged by the same policy here, and says so. Of a host over HTTPS that the gateway
// opens the whole address is asked for, of every other only the name. Nothing illegal is ever sent: were the gateway
// broken, the request would go out.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/load_policy.h"
#include "names/ip_address.h"
#include "rules/policy_spec.h"
#include "rules/request.h"
#include "rules/subject.h"

namespace schoolgate::app {

/// An address of this machine, and the group that the policy takes it for.
struct ProbeClient {
  names::IpAddress address;
  rules::Subject subject;
};

struct Check {
  rules::Request request;  ///< as the gateway gets to see it: the name alone for HTTPS that is not opened
  std::string group;
  std::string source;  ///< "rules/school.yaml:12", "list demo-gambling"
  rules::Action expected = rules::Action::block;
  std::string category;               ///< of the expected verdict; may be empty
  const ProbeClient* from = nullptr;  ///< none: judged here, not sent
  bool inside = false;                ///< a whole address over HTTPS: to be asked for inside TLS
  std::string note;                   ///< why it is not sent, or what to know about the answer

  // Filled when it is carried out.
  std::string found;  ///< "block", "warn", "allow", "unreachable" (allowed, but the site did not answer), "no answer" …
  int status = 0;     ///< of the gateway's answer; 0 when not sent or not answered
  bool as_expected = false;
};

/// Loopback first, then the addresses of this machine's interfaces: one client for each group that one of them is in.
/// `v4`: of that family only, as the listener is.
[[nodiscard]] std::vector<ProbeClient> probe_clients(const LoadedPolicy& loaded, bool v4);

/// `clients` must outlive the checks.
[[nodiscard]] std::vector<Check> make_checks(const LoadedPolicy& loaded, const std::vector<ProbeClient>& clients,
                                             TimePoint now);

}  // namespace schoolgate::app
