// schoolgate resolver: what the school's own name server has to answer, as a configuration of unbound or dnsmasq.
#include <cstdio>

#include "app/command.h"
#include "app/name_server.h"
#include "app/read_configuration.h"
#include "proxy/net/asio.h"
#include "proxy/net/resolver.h"

namespace schoolgate::app {
namespace {

constexpr std::string_view kResolverHelp =
    R"(schoolgate resolver --for unbound|dnsmasq --config DIR [--module]

Prints a configuration for the school's own name server (Debian's unbound or dnsmasq). With it, devices

  - reach search engines and YouTube at their safe endpoints, in groups with safe_search;
  - are told that this network has no iCloud Private Relay, in groups with bypass: block, and Firefox leaves DNS over HTTPS off;
  - get no HTTPS records, so that browsers use neither HTTP/3 nor Encrypted Client Hello, which hide names from the gateway.

A school that opens no HTTPS gains most. No name of a list is printed: the gateway judges those. Nothing is installed: the
first lines of the output say into which file it goes. Some endpoints are written as addresses, which are looked up now
(upstream.resolver); where one is not found, its search engine is closed, and the exit status is 1.

  --for SERVER    unbound (tells groups apart by network) or dnsmasq (the strictest of all groups for every device)
  --module        with --for unbound: print the Python module that the configuration names, in its place
)";

/// Asks the configured name servers, one name after another.
class Lookup {
 public:
  static Result<std::unique_ptr<Lookup>> make(const config::Settings& settings) {
    auto lookup = std::unique_ptr<Lookup>(new Lookup);
    net::ResolverSettings wanted;
    for (const config::Endpoint& server : settings.upstream.resolver) wanted.servers.push_back(server.text());
    if (settings.upstream.hosts) wanted.hosts_files.insert(wanted.hosts_files.begin(), *settings.upstream.hosts);
    auto resolver = net::Resolver::make(lookup->context_.get_executor(), lookup->deadlines_, std::move(wanted));
    if (!resolver) return std::unexpected(resolver.error());
    lookup->resolver_ = std::move(*resolver);
    return lookup;
  }

  std::vector<names::IpAddress> addresses_of(std::string_view name) {
    std::vector<names::IpAddress> found;
    net::asio::co_spawn(
        context_,
        [&, name = std::string(name)]() -> net::awaitable<void> {
          if (const auto answer = co_await resolver_->resolve(name))
            for (const names::IpAddress& address : *answer) found.push_back(address);
        },
        net::asio::detached);
    context_.restart();
    context_.run();
    return found;
  }

 private:
  Lookup() = default;
  net::asio::io_context context_{1};
  net::DeadlineList deadlines_;
  std::unique_ptr<net::Resolver> resolver_;
};

int resolver(std::span<const std::string_view> words) {
  const auto arguments = Arguments::read(words, {.options = {"--config", "--for"}, .switches = {"--module"}});
  if (!arguments) return usage_error(kResolverCommand, arguments.error());
  const std::string server = arguments->get("--for");
  if (server != "unbound" && server != "dnsmasq")
    return usage_error(kResolverCommand, {Fault::client, "--for takes unbound or dnsmasq", {}});
  if (arguments->has("--module")) {
    if (server != "unbound") return usage_error(kResolverCommand, {Fault::client, "only unbound has a module", {}});
    print(unbound_module());
    return kDone;
  }
  if (!arguments->has("--config")) return usage_error(kResolverCommand, {Fault::client, "--config DIR is missing", {}});
  const auto configuration = read_configuration(*arguments);
  if (!configuration) return kProblem;
  auto lookup = Lookup::make(configuration->settings);
  if (!lookup) return report(lookup.error());

  const NameServerPlan plan = name_server_plan(configuration->policy);
  const AddressesOf ask = [&](std::string_view name) { return (*lookup)->addresses_of(name); };
  const NameServerConfiguration made =
      server == "unbound" ? unbound_configuration(plan, ask) : dnsmasq_configuration(plan, ask);
  print(made.text);
  for (const std::string& endpoint : made.missing)
    std::fprintf(stderr, "schoolgate: %s was not found, so its search engine is closed in this configuration\n",
                 endpoint.c_str());
  return made.missing.empty() ? kDone : kProblem;
}

}  // namespace

const Command kResolverCommand{"resolver", "print a configuration for the school's name server", kResolverHelp,
                               resolver};

}  // namespace schoolgate::app
