#include "app/name_server.h"

#include <algorithm>
#include <map>
#include <utility>

#include "names/host.h"
#include "rules/shipped_tables.h"

namespace schoolgate::app {
namespace {

using rules::YoutubeRestriction;

constexpr std::string_view kUnboundHead =
    R"(# Answers for a school's devices, printed by `schoolgate resolver --for unbound`. Print it again after a change of
# groups, their networks, safe_search, youtube or bypass.
#
#   /etc/unbound/unbound.conf.d/schoolgate.conf   this text
#   /etc/unbound/schoolgate_https.py              what `schoolgate resolver --for unbound --module` prints
#
# The module needs the package python3-unbound. Debian 12 does not look for it where that package puts it:
#   ln -s /usr/lib/python3/dist-packages/unboundmodule.py /etc/unbound/
)";

constexpr std::string_view kDnsmasqHead =
    R"(# Answers for a school's devices, printed by `schoolgate resolver --for dnsmasq`, for /etc/dnsmasq.d/schoolgate.conf.
# Needs dnsmasq 2.90 or later. Print it again after a change of groups, safe_search, youtube or bypass, and once a month:
# the addresses of the safe endpoints may change.
#
# dnsmasq has one answer for every device, so these are the strictest of all groups. unbound tells groups apart by network.
)";

constexpr std::string_view kModule =
    R"PY(# Answers requests for HTTPS and SVCB records (RFC 9460) with no record, so that browsers find neither HTTP/3 nor the
# keys of Encrypted Client Hello that would hide a site's name from the gateway. All other requests pass.

HIDDEN = (64, 65)  # SVCB, HTTPS


def init(module, configuration):
    return True


def deinit(module):
    return True


def inform_super(module, state, parent, data):
    return True


def operate(module, event, state, data):
    if event in (MODULE_EVENT_NEW, MODULE_EVENT_PASS):
        if state.qinfo.qtype not in HIDDEN:
            state.ext_state[module] = MODULE_WAIT_MODULE
            return True
        answer = DNSMessage(state.qinfo.qname_str, state.qinfo.qtype, state.qinfo.qclass, PKT_QR | PKT_RA)
        if not answer.set_return_msg(state):
            state.ext_state[module] = MODULE_ERROR
            return True
        state.return_msg.rep.security = 2
        state.return_rcode = RCODE_NOERROR
        state.ext_state[module] = MODULE_FINISHED
        return True
    state.ext_state[module] = MODULE_FINISHED if event == MODULE_EVENT_MODDONE else MODULE_ERROR
    return True
)PY";

bool blocks_bypass(const rules::GroupSpec& group) {
  return std::ranges::any_of(group.categories, [](const rules::CategoryActionSpec& setting) {
    return setting.category == "bypass" && setting.action == rules::Action::block;
  });
}

NameServerView view_of(const rules::GroupSpec& group) {
  NameServerView view{.group = group.id,
                      .safe_search = group.safe_search,
                      .youtube = group.youtube,
                      // Where all but what is named is closed, so are relays.
                      .refuses_relays = blocks_bypass(group) || group.unlisted == rules::Action::block};
  for (const rules::NetworkSpec& network : group.networks) view.networks.push_back(network.network);
  return view;
}

/// "0.0.0.0/0" is no network of the school's: what it allowed would be open to the Internet.
bool is_everywhere(const names::IpNetwork& network) { return network.text().ends_with("/0"); }

std::string family_of(const NameServerView& view) {
  std::string text = view.safe_search ? "safe search" : "no safe search";
  if (view.safe_search && view.youtube == YoutubeRestriction::moderate) text += ", moderate on YouTube";
  return text + (view.refuses_relays ? ", relays refused" : ", relays let through");
}

/// Addresses asked for once, and what was not found.
class Endpoints {
 public:
  explicit Endpoints(const AddressesOf& addresses_of) : ask_(addresses_of) {}
  const std::vector<names::IpAddress>& addresses_of(std::string_view endpoint) {
    const auto [place, is_new] = known_.try_emplace(std::string(endpoint));
    if (is_new) place->second = ask_(endpoint);
    if (is_new && place->second.empty()) missing.emplace_back(endpoint);
    return place->second;
  }
  std::vector<std::string> missing;

 private:
  const AddressesOf& ask_;
  std::map<std::string, std::vector<names::IpAddress>, std::less<>> known_;
};

// One section of unbound's configuration.
class Zones {
 public:
  Zones(std::string& out, Endpoints& endpoints) : out_(out), endpoints_(endpoints) {}
  void no_such_name(std::string_view name) { zone(name, "always_nxdomain"); }
  void leads_to(std::string_view name, std::string_view endpoint) {
    if (!names::is_same_or_under(endpoint, name)) {
      zone(name, "redirect");  // with all below it; unbound follows the CNAME of this type alone
      data(name, "CNAME " + std::string(endpoint) + ".");
      return;
    }
    const auto& addresses = endpoints_.addresses_of(endpoint);
    if (addresses.empty()) return no_such_name(name);
    zone(name, "transparent");
    for (const names::IpAddress& address : addresses) data(name, (address.is_v4() ? "A " : "AAAA ") + address.text());
  }
  void lead_to_safe_endpoints(YoutubeRestriction youtube) {
    for (const rules::SafeEndpoint& row : rules::safe_endpoints(youtube)) leads_to(row.host, row.endpoint);
  }

 private:
  void zone(std::string_view name, std::string_view type) {
    out_.append("  local-zone: \"").append(name).append(".\" ").append(type).append("\n");
  }
  void data(std::string_view name, const std::string& record) {
    out_.append("  local-data: \"").append(name).append(". 300 IN ").append(record).append("\"\n");
  }
  std::string& out_;
  Endpoints& endpoints_;
};

/// The section `server` says something that does not hold for this view.
bool has_less(const NameServerView& view, const NameServerView& others) {
  return (others.refuses_relays && !view.refuses_relays) || (others.safe_search && !view.safe_search);
}

void write_answers(Zones& zones, const NameServerView& view) {
  for (const rules::NetworkSignal& signal : rules::network_signals())
    if (signal.about != "relay" || view.refuses_relays) zones.no_such_name(signal.name);
  if (view.safe_search) zones.lead_to_safe_endpoints(view.youtube);
}

void write_view(std::string& out, Zones& zones, const NameServerView& view, const NameServerView& others) {
  out += "\n# " + view.group + ": " + family_of(view) + "\nview:\n  name: \"" + view.group + "\"\n";
  out +=
      has_less(view, others) ? "  view-first: no  # sees no local-zone of the section above\n" : "  view-first: yes\n";
  write_answers(zones, view);
}

bool answers_as(const NameServerView& view, const NameServerView& others) {
  return view.refuses_relays == others.refuses_relays && view.safe_search == others.safe_search &&
         (!view.safe_search || view.youtube == others.youtube);
}

void say_sign_in(std::string& out, const NameServerPlan& plan) {
  for (const std::string& group : plan.by_sign_in)
    out += "# " + group + " has no network: its people are answered as the network that they sit in.\n";
}

}  // namespace

NameServerPlan name_server_plan(const rules::PolicySpec& policy) {
  NameServerPlan plan;
  bool everywhere = false;
  for (const rules::GroupSpec& group : policy.groups) {
    NameServerView view = view_of(group);
    const bool is_fallback = group.id == policy.fallback;
    if (std::erase_if(view.networks, is_everywhere) > 0) {
      everywhere = true;
      plan.others = view;
    } else if (is_fallback && !everywhere) {
      plan.others = view;
    }
    if (!view.networks.empty())
      plan.groups.push_back(std::move(view));
    else if (!is_fallback && group.networks.empty())
      plan.by_sign_in.push_back(group.id);
  }
  return plan;
}

NameServerConfiguration unbound_configuration(const NameServerPlan& plan, const AddressesOf& addresses_of) {
  Endpoints endpoints(addresses_of);
  std::string out(kUnboundHead);
  say_sign_in(out, plan);
  out += "\nserver:\n  module-config: \"python validator iterator\"\n";
  for (const NameServerView& view : plan.groups)
    for (const names::IpNetwork& network : view.networks) {
      out += "  access-control: " + network.text() + " allow\n";
      if (!answers_as(view, plan.others)) out += "  access-control-view: " + network.text() + " " + view.group + "\n";
    }
  out += "\n  # every device that no view below is for (" + plan.others.group + "): " + family_of(plan.others) + "\n";
  Zones zones(out, endpoints);
  write_answers(zones, plan.others);
  out += "\npython:\n  python-script: \"/etc/unbound/schoolgate_https.py\"\n";
  for (const NameServerView& view : plan.groups)
    if (!answers_as(view, plan.others)) write_view(out, zones, view, plan.others);
  return {.text = std::move(out), .missing = std::move(endpoints.missing)};
}

std::string_view unbound_module() noexcept { return kModule; }

NameServerConfiguration dnsmasq_configuration(const NameServerPlan& plan, const AddressesOf& addresses_of) {
  NameServerView all = plan.others;
  const auto add = [&](const NameServerView& view) {
    if (view.safe_search)
      all.youtube = all.safe_search ? std::min(all.youtube, view.youtube) : view.youtube;  // strict comes first
    all.safe_search |= view.safe_search;
    all.refuses_relays |= view.refuses_relays;
  };
  std::ranges::for_each(plan.groups, add);

  Endpoints endpoints(addresses_of);
  NameServerConfiguration made{.text = std::string(kDnsmasqHead), .missing = {}};
  say_sign_in(made.text, plan);
  for (const NameServerView& view : plan.groups)
    if (!answers_as(view, all)) made.text += "# " + view.group + " alone would have: " + family_of(view) + ".\n";
  made.text += "\n# neither HTTP/3 nor keys of Encrypted Client Hello (RFC 9460)\nfilter-rr=HTTPS,SVCB\n\n";
  for (const rules::NetworkSignal& signal : rules::network_signals())
    if (signal.about != "relay" || all.refuses_relays) made.text.append("address=/").append(signal.name).append("/\n");
  if (!all.safe_search) return made;

  std::vector<rules::SafeEndpoint> rows = rules::safe_endpoints(all.youtube);
  std::ranges::stable_sort(rows, {}, &rules::SafeEndpoint::endpoint);
  for (auto row = rows.begin(); row != rows.end();) {
    const std::string_view endpoint = row->endpoint;
    const auto end = std::find_if(row, rows.end(), [&](const auto& other) { return other.endpoint != endpoint; });
    const auto& addresses = endpoints.addresses_of(endpoint);
    made.text += "\n";
    if (addresses.empty()) {
      made.text.append("# ").append(endpoint).append(" was not found, so these are closed\n");
    } else {
      made.text.append("host-record=").append(endpoint);
      for (const names::IpAddress& address : addresses) made.text += "," + address.text();
      made.text += "\n";
    }
    for (; row != end; ++row)
      if (addresses.empty())
        made.text.append("address=/").append(row->host).append("/\n");
      else
        made.text.append("cname=").append(row->host).append(",").append(endpoint).append("\n");
  }
  made.missing = std::move(endpoints.missing);
  return made;
}

}  // namespace schoolgate::app
