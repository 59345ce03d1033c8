#include "identity/directory_connection.h"

#include <ldap.h>

#include "base/ascii.h"
#include "identity/directory_pipe_signal.h"
#include "identity/directory_text.h"

namespace schoolgate::identity {
namespace {

constexpr int kPage = 500;
constexpr int kMostPages = 400;  // 200,000 entries: no school, and an end for a server that never comes to one
constexpr const char* kSystemTrust = "/etc/ssl/certs/ca-certificates.crt";

timeval to_timeval(std::chrono::seconds time) { return {.tv_sec = time.count(), .tv_usec = 0}; }

std::string diagnostic_of(LDAP* handle) {
  char* text = nullptr;
  ldap_get_option(handle, LDAP_OPT_DIAGNOSTIC_MESSAGE, &text);
  std::string out = text ? text : "";
  ldap_memfree(text);
  return out;
}

bool set(LDAP* handle, int option, const void* value) {
  return ldap_set_option(handle, option, value) == LDAP_OPT_SUCCESS;
}

/// Everything that ldap.conf could otherwise have a say in.
bool set_options(LDAP* handle, const DirectorySettings& settings) {
  const int version = LDAP_VERSION3, none = LDAP_NO_LIMIT, never = LDAP_DEREF_NEVER;
  const int demand = LDAP_OPT_X_TLS_DEMAND, tls_1_2 = LDAP_OPT_X_TLS_PROTOCOL_TLS1_2, client = 0;
  const timeval timeout = to_timeval(settings.timeout);
  const std::string trust = settings.trust ? settings.trust->string() : kSystemTrust;
  return set(handle, LDAP_OPT_PROTOCOL_VERSION, &version) && set(handle, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) &&
         set(handle, LDAP_OPT_DEREF, &never) && set(handle, LDAP_OPT_SIZELIMIT, &none) &&
         set(handle, LDAP_OPT_TIMELIMIT, &none) && set(handle, LDAP_OPT_NETWORK_TIMEOUT, &timeout) &&
         set(handle, LDAP_OPT_TIMEOUT, &timeout) && set(handle, LDAP_OPT_RESTART, LDAP_OPT_ON) &&
         set(handle, LDAP_OPT_X_TLS_REQUIRE_CERT, &demand) && set(handle, LDAP_OPT_X_TLS_PROTOCOL_MIN, &tls_1_2) &&
         set(handle, LDAP_OPT_X_TLS_CACERTFILE, trust.c_str()) && set(handle, LDAP_OPT_X_TLS_NEWCTX, &client);
}

bool is_lost(int code) {
  switch (code) {
    case LDAP_SERVER_DOWN:
    case LDAP_CONNECT_ERROR:
    case LDAP_TIMEOUT:
    case LDAP_LOCAL_ERROR:
    case LDAP_ENCODING_ERROR:
    case LDAP_DECODING_ERROR:
    case LDAP_NO_MEMORY: return true;
    default: return false;
  }
}

struct FreeMessage {
  void operator()(LDAPMessage* message) const noexcept { ldap_msgfree(message); }
};
struct FreeControl {
  void operator()(LDAPControl* control) const noexcept { ldap_control_free(control); }
};

DirectoryEntry read_entry(LDAP* handle, LDAPMessage* message) {
  DirectoryEntry entry;
  if (char* dn = ldap_get_dn(handle, message)) {
    entry.dn = dn;
    ldap_memfree(dn);
  }
  BerElement* place = nullptr;
  for (char* name = ldap_first_attribute(handle, message, &place); name != nullptr;
       name = ldap_next_attribute(handle, message, place)) {
    std::vector<std::string>& values = entry.attributes[ascii_lower(name)];
    if (berval** found = ldap_get_values_len(handle, message, name)) {
      for (berval** value = found; *value != nullptr; ++value) values.emplace_back((*value)->bv_val, (*value)->bv_len);
      ldap_value_free_len(found);
    }
    ldap_memfree(name);
  }
  ber_free(place, 0);
  return entry;
}

/// Where the next page begins; empty after the last one.
std::string next_page(LDAP* handle, LDAPControl** controls) {
  LDAPControl* control = controls ? ldap_control_find(LDAP_CONTROL_PAGEDRESULTS, controls, nullptr) : nullptr;
  berval cookie{};
  ber_int_t estimate = 0;
  if (!control || ldap_parse_pageresponse_control(handle, control, &estimate, &cookie) != LDAP_SUCCESS) return {};
  std::string out(cookie.bv_val ? cookie.bv_val : "", cookie.bv_len);
  ber_memfree(cookie.bv_val);
  return out;
}

}  // namespace

std::string_view DirectoryEntry::value(const std::string& attribute) const {
  const auto found = attributes.find(attribute);
  return found == attributes.end() || found->second.empty() ? std::string_view{} : found->second.front();
}

void DirectoryConnection::Close::operator()(ldap* handle) const noexcept {
  const NoPipeSignal no_signal;
  ldap_unbind_ext(handle, nullptr, nullptr);
}

Error DirectoryConnection::error(int code, std::string_view doing) {
  const std::string diagnostic = diagnostic_of(handle_.get());
  std::string what = "directory " + url_ + ": " + std::string(doing) + ": " + ldap_err2string(code);
  if (!diagnostic.empty()) what += " (" + diagnostic + ")";
  if (is_lost(code)) {
    usable_ = false;
    return {Fault::upstream, std::move(what), "check that the server runs and that this machine reaches it"};
  }
  switch (code) {
    case LDAP_NO_SUCH_OBJECT: return {Fault::config, std::move(what), "check identity.directory.base"};
    case LDAP_INSUFFICIENT_ACCESS:
      return {Fault::config, std::move(what), "let the service account read users and groups"};
    case LDAP_OPERATIONS_ERROR:  // Active Directory's way to say that nobody is signed in
    case LDAP_STRONG_AUTH_REQUIRED:
    case LDAP_CONFIDENTIALITY_REQUIRED:
      return {Fault::config, std::move(what), "the directory wants a service account, and TLS"};
    case LDAP_SIZELIMIT_EXCEEDED:
    case LDAP_ADMINLIMIT_EXCEEDED:
      return {Fault::config, std::move(what), "raise the directory's size limit for the service account"};
    case LDAP_REFERRAL: return {Fault::config, std::move(what), "another server holds this base: name that server"};
    default: return {Fault::upstream, std::move(what), "see the log of the directory server"};
  }
}

Result<void> DirectoryConnection::check(const DirectorySettings& settings) {
  LDAP* handle = nullptr;
  if (ldap_initialize(&handle, "ldap://127.0.0.1") != LDAP_SUCCESS)
    return fail(Fault::host, "libldap does not start", "is there memory left?");
  const std::unique_ptr<LDAP, Close> owner(handle);
  if (set_options(handle, settings)) return {};
  const std::string trust = settings.trust ? settings.trust->string() : kSystemTrust;
  return fail(Fault::config, "TLS towards the directory cannot be set up with " + trust,
              "it must be a readable PEM file with the directory's authority");
}

Result<DirectoryConnection> DirectoryConnection::open(const DirectorySettings& settings, const std::string& url) {
  const NoPipeSignal no_signal;
  DirectoryConnection connection;
  connection.url_ = url;
  connection.timeout_ = settings.timeout;
  LDAP* handle = nullptr;
  if (const int code = ldap_initialize(&handle, url.c_str()); code != LDAP_SUCCESS)
    return fail(Fault::config, "directory " + url + ": " + ldap_err2string(code), "check identity.directory.servers");
  connection.handle_.reset(handle);
  if (!set_options(handle, settings))
    return fail(Fault::config, "directory " + url + ": TLS cannot be set up", "check identity.directory.trust");
  const auto parsed = read_directory_url(url);
  const bool start_tls = parsed && !parsed->tls && settings.start_tls;
  if (const int code = start_tls ? ldap_start_tls_s(handle, nullptr, nullptr) : ldap_connect(handle);
      code != LDAP_SUCCESS) {
    // A handshake that failed is told by its code after StartTLS and by having any words at all with ldaps; what the
    // words are depends on libldap's TLS library, and GnuTLS has none ("unknown error code").
    const bool tls_failed = start_tls
                                ? code == LDAP_CONNECT_ERROR
                                : code == LDAP_SERVER_DOWN && parsed && parsed->tls && !diagnostic_of(handle).empty();
    if (tls_failed)
      return fail(Fault::config, "directory " + url + ": TLS could not be set up, as its certificate does not verify",
                  "identity.directory.trust must name the authority that signed it, and it must bear the server's name "
                  "as identity.directory.servers has it");
    Error error = connection.error(code, start_tls ? "StartTLS" : "connect");
    if (start_tls && !is_lost(code))
      error = {Fault::config, std::move(error.what), "give the server a certificate, or use ldaps://"};
    return std::unexpected(std::move(error));
  }
  return connection;
}

Result<DirectoryConnection::BindAnswer> DirectoryConnection::bind(const std::string& dn, std::string_view password) {
  if (!dn.empty() && password.empty())
    return fail(Fault::client, "an empty password was not sent to the directory", "RFC 4513 section 5.1.2");
  const NoPipeSignal no_signal;
  // Not changed by libldap; its interface predates const.
  berval secret{.bv_len = password.size(), .bv_val = const_cast<char*>(password.data())};
  const int code = ldap_sasl_bind_s(handle_.get(), dn.c_str(), LDAP_SASL_SIMPLE, &secret, nullptr, nullptr, nullptr);
  if (is_lost(code)) return std::unexpected(error(code, "bind"));
  return BindAnswer{code, diagnostic_of(handle_.get())};
}

Result<void> DirectoryConnection::search(const Search& search, const std::function<bool(const DirectoryEntry&)>& each) {
  const NoPipeSignal no_signal;
  LDAP* const handle = handle_.get();
  std::vector<char*> attributes;
  for (const char* name : search.attributes) attributes.push_back(const_cast<char*>(name));
  attributes.push_back(nullptr);
  std::string cookie;
  for (int page = 0; page < kMostPages; ++page) {
    LDAPControl* made = nullptr;
    berval place{.bv_len = cookie.size(), .bv_val = cookie.data()};
    if (search.subtree) ldap_create_page_control(handle, kPage, cookie.empty() ? nullptr : &place, 0, &made);
    const std::unique_ptr<LDAPControl, FreeControl> control(made);
    LDAPControl* controls[] = {made, nullptr};
    timeval timeout = to_timeval(timeout_);
    int id = 0;
    int code =
        ldap_search_ext(handle, search.base.c_str(), search.subtree ? LDAP_SCOPE_SUBTREE : LDAP_SCOPE_BASE,
                        search.filter.c_str(), attributes.data(), 0, controls, nullptr, &timeout, LDAP_NO_LIMIT, &id);
    if (code != LDAP_SUCCESS) return std::unexpected(error(code, "search"));
    LDAPMessage* got = nullptr;
    const int kind = ldap_result(handle, id, LDAP_MSG_ALL, &timeout, &got);
    const std::unique_ptr<LDAPMessage, FreeMessage> message(got);
    if (kind == 0) {
      ldap_abandon_ext(handle, id, nullptr, nullptr);
      return std::unexpected(error(LDAP_TIMEOUT, "search"));
    }
    if (kind < 0) {
      ldap_get_option(handle, LDAP_OPT_RESULT_CODE, &code);
      return std::unexpected(error(code, "search"));
    }
    LDAPControl** returned = nullptr;
    const int parsed = ldap_parse_result(handle, got, &code, nullptr, nullptr, nullptr, &returned, 0);
    cookie = next_page(handle, returned);
    ldap_controls_free(returned);
    if (parsed != LDAP_SUCCESS) return std::unexpected(error(parsed, "search"));
    if (code != LDAP_SUCCESS) return std::unexpected(error(code, "search"));
    for (LDAPMessage* entry = ldap_first_entry(handle, got); entry; entry = ldap_next_entry(handle, entry))
      if (!each(read_entry(handle, entry))) return {};
    if (cookie.empty()) return {};
  }
  return fail(Fault::config, "directory " + url_ + ": a search never comes to its end",
              "check identity.directory.base");
}

}  // namespace schoolgate::identity
