#include "proxy/flow/asked.h"

#include "proxy/flow/warning_passes.h"
#include "proxy/flow/worker.h"
#include "proxy/http/field_names.h"
#include "proxy/http/write_head.h"

namespace schoolgate::flow {
namespace {

// "http://host:port" off an absolute-form target; the path that is left may be empty.
std::string_view origin_part(std::string_view target) {
  const std::size_t scheme = target.find("://");
  if (scheme == std::string_view::npos) return {};
  const std::size_t path = target.find_first_of("/?#\\", scheme + 3);
  return path == std::string_view::npos ? std::string_view{} : target.substr(path);
}

Result<Asked> what_is_asked_inside(const Inside& inside, const http::RequestHead& head) {
  if (head.form != http::TargetForm::origin && head.form != http::TargetForm::asterisk)
    return fail(Fault::client, "the request target has to be a path here");
  const auto named = names::Url::parse("https://" + std::string(head.host));
  if (!named) return std::unexpected(named.error());
  if (named->host() != inside.host.text() || named->port() != inside.port)
    return fail(Fault::upstream, "this connection was opened for another web site");
  const std::string_view target = head.form == http::TargetForm::asterisk ? std::string_view("/") : head.target;
  auto url = names::Url::from_parts("https", inside.host, inside.port, target);
  if (!url) return std::unexpected(std::move(url.error()));
  return Asked{std::move(*url), head.target};
}

// The Host inside a tunnel in the clear: that of CONNECT, or any name where CONNECT gave an address. The port is
// CONNECT's.
Result<Asked> what_is_asked_in_the_clear(const ClearTunnel& clear, const http::RequestHead& head) {
  if (head.form != http::TargetForm::origin && head.form != http::TargetForm::asterisk)
    return fail(Fault::client, "the request target has to be a path here");
  const auto named = names::Url::parse("http://" + std::string(head.host));
  if (!named) return std::unexpected(named.error());
  const auto host = names::Host::parse(named->host());
  if (!host) return std::unexpected(host.error());
  const bool same_host = host->text() == clear.host.text();
  const bool name_at_an_address = clear.host.address() && !host->address();
  if (named->port() != clear.port || (!same_host && !name_at_an_address))
    return fail(Fault::upstream, "this tunnel leads to another web site");
  const std::string_view target = head.form == http::TargetForm::asterisk ? std::string_view("/") : head.target;
  auto url = names::Url::from_parts("http", *host, clear.port, target);
  if (!url) return std::unexpected(std::move(url.error()));
  return Asked{std::move(*url), head.target};
}

Result<Asked> read_target(const Connection& connection, const http::RequestHead& head, std::string& storage) {
  if (connection.inside) return what_is_asked_inside(*connection.inside, head);
  if (connection.clear) return what_is_asked_in_the_clear(*connection.clear, head);
  if (head.form == http::TargetForm::absolute) {
    // Browsers read "http:///site/path" as "http://site/path"; then what is judged and what is sent on would differ.
    if (head.target.find_first_of("/\\?#", head.target.find("://") + 3) == head.target.find("://") + 3)
      return fail(Fault::client, "the request target names no host");
    auto url = names::Url::parse(head.target);
    if (!url) return std::unexpected(std::move(url.error()));
    if (url->scheme() != "http")
      return fail(Fault::client, "only http:// can be asked for here", "use CONNECT for https");
    std::string_view rest = origin_part(head.target);
    rest = rest.substr(0, rest.find('#'));
    if (rest.empty()) rest = head.method == http::Method::options ? "*" : "/";
    if (rest.front() != '/' && rest != "*") rest = storage = "/" + std::string(rest);
    return Asked{std::move(*url), rest};
  }
  if (connection.entrance == Entrance::explicit_proxy)
    return fail(Fault::client, "this is a web proxy, not a web site");
  if (!connection.original) return fail(Fault::client, "this connection did not come through the firewall");
  std::string_view name = head.host;
  std::uint16_t port = connection.original->port;
  // The port in Host must agree with where the connection was going; the name decides where it goes now.
  if (const std::size_t colon = name.rfind(':'); colon != std::string_view::npos && name.find(']', colon) == name.npos)
    name = name.substr(0, colon);
  auto host = names::Host::parse(name);
  if (!host) return std::unexpected(std::move(host.error()));
  const std::string_view target = head.form == http::TargetForm::asterisk ? std::string_view("/") : head.target;
  auto url = names::Url::from_parts("http", *host, port, target);
  if (!url) return std::unexpected(std::move(url.error()));
  return Asked{std::move(*url), head.target};
}

FaultPage bad_request(const Connection& connection, int status, std::string detail) {
  connection.worker.counters().malformed.add();
  return {.status = status, .kind = PageKind::bad_request, .whose = Fault::client, .detail = std::move(detail)};
}

}  // namespace

std::variant<Asked, FaultPage, Redirect> what_is_asked(const Connection& connection, const http::RequestHead& head,
                                                       std::string& storage) {
  Worker& worker = connection.worker;
  if (const std::string& me = worker.gateway().settings.via; !me.empty() && http::via_names(head.fields, me)) {
    worker.counters().upstream_errors[std::size_t(UpstreamFault::loop)].add();
    return FaultPage{.status = 508,
                     .kind = PageKind::destination,
                     .whose = Fault::config,
                     .detail = "the request has been through this gateway before"};
  }
  auto asked = read_target(connection, head, storage);
  if (!asked) return bad_request(connection, asked.error().fault == Fault::upstream ? 421 : 400, asked.error().what);

  ContinuedTarget back = split_continue(asked->target);
  if (back.token.empty()) return std::move(*asked);
  std::string wanted = std::string(origin_of(asked->url)) + back.target;
  if (worker.gateway().passes.redeem(back.token, connection.peer.address, asked->url.host(), wall_now()))
    return Redirect{std::move(wanted)};
  // A token that opens nothing is taken off all the same: it means something to this gateway only.
  auto url = names::Url::parse(wanted);
  if (!url) return bad_request(connection, 400, url.error().what);
  storage = std::move(back.target);
  return Asked{std::move(*url), storage};
}

std::string_view method_name(const http::RequestHead& head, std::string& storage) {
  switch (head.method) {
    case http::Method::get: return "GET";
    case http::Method::head: return "HEAD";
    case http::Method::post: return "POST";
    case http::Method::put: return "PUT";
    case http::Method::del: return "DELETE";
    case http::Method::options: return "OPTIONS";
    case http::Method::patch: return "PATCH";
    case http::Method::connect: return "CONNECT";
    case http::Method::trace: return "TRACE";
    case http::Method::other: break;
  }
  storage = head.method_text;
  return storage;
}

std::string_view authority_of(const names::Url& url) noexcept {
  // In a canonical URL the authority stands between "scheme://" and the path.
  const std::string_view text = url.text();
  const std::size_t begin = std::size_t(url.host().data() - text.data());
  return text.substr(begin, text.size() - begin - url.target().size());
}

std::string_view origin_of(const names::Url& url) noexcept {
  return std::string_view(url.text()).substr(0, url.text().size() - url.target().size());
}

std::string_view adjust(const Judgement& judgement, const rules::Request& request, http::RequestHead& head,
                        std::string_view target, rules::Adjustments& adjusted) {
  const rules::PolicySnapshot& policy = *judgement.policy;
  if (!policy.may_adjust(judgement.subject.group, request.url().host())) return target;
  adjusted = policy.adjustments_for(judgement.subject.group, request.url(), target);
  for (const rules::HeaderSetting& setting : adjusted.headers) {
    for (http::Field& field : head.fields.items())
      if (http::equal_ignoring_case(field.name, setting.name)) field.drop = true;
    (void)head.fields.add({.name = setting.name, .value = setting.value});
  }
  return adjusted.target.empty() ? target : std::string_view(adjusted.target);
}

}  // namespace schoolgate::flow
