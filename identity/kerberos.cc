#include "identity/kerberos.h"

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <krb5/krb5.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "identity/account_name.h"

namespace schoolgate::identity {
namespace {

// Object identifiers as they stand in a token: SPNEGO 1.3.6.1.5.5.2, Kerberos 5 1.2.840.113554.1.2.2, and the one that
// Windows 2000 made of the latter by mistake and browsers still offer.
constexpr std::string_view kSpnego = "\x06\x06\x2b\x06\x01\x05\x05\x02";
constexpr std::string_view kKerberos = "\x06\x09\x2a\x86\x48\x86\xf7\x12\x01\x02\x02";
constexpr std::string_view kMicrosoftKerberos = "\x06\x09\x2a\x86\x48\x82\xf7\x12\x01\x02\x02";
constexpr std::string_view kNtlm{"NTLMSSP\0", 8};

struct Name {
  gss_name_t handle = GSS_C_NO_NAME;
  ~Name() {
    OM_uint32 minor = 0;
    gss_release_name(&minor, &handle);
  }
};
struct Buffer {
  gss_buffer_desc bytes = GSS_C_EMPTY_BUFFER;
  ~Buffer() {
    OM_uint32 minor = 0;
    gss_release_buffer(&minor, &bytes);
  }
  [[nodiscard]] std::string text() const { return {static_cast<const char*>(bytes.value), bytes.length}; }
};
struct Context {
  gss_ctx_id_t handle = GSS_C_NO_CONTEXT;
  ~Context() {
    OM_uint32 minor = 0;
    gss_delete_sec_context(&minor, &handle, GSS_C_NO_BUFFER);
  }
};

std::string status_text(OM_uint32 code, int kind) {
  std::string out;
  OM_uint32 minor = 0, more = 0;
  do {
    Buffer text;
    if (GSS_ERROR(gss_display_status(&minor, code, kind, GSS_C_NO_OID, &more, &text.bytes))) break;
    if (!out.empty()) out += ", ";
    out += text.text();
  } while (more != 0);
  return out;
}

std::string words(OM_uint32 major, OM_uint32 minor) {
  return minor != 0 ? status_text(minor, GSS_C_MECH_CODE) : status_text(major, GSS_C_GSS_CODE);
}

/// What the mechanism's words mean for the school. Its numbers do not reach us: the library that stands between gives
/// them others when they come through SPNEGO. The words are English, as this process sets no locale.
Error explain(OM_uint32 major, OM_uint32 minor) {
  const std::string why = words(major, minor);
  const auto says = [&](std::string_view part) { return why.find(part) != why.npos; };
  if (says("skew") || says("not yet valid"))
    return {Fault::client, "a ticket was refused, as clocks are more than five minutes apart: " + why,
            "let this machine, the domain controllers and the client keep time by NTP"};
  if (says("expired"))
    return {Fault::client, "a ticket was refused, as it has expired: " + why,
            "the client must sign in to the domain again"};
  if (says("replay")) return {Fault::client, "a ticket was shown twice: " + why, "an attacker may have overheard it"};
  if (says("keytab") || says("key table") || says("Wrong principal"))
    return {Fault::config, "a ticket is for another name or another key than the keytab has: " + why,
            "clients must use the proxy under the name of identity.keytab_principal; export the keytab again if the "
            "account's password has changed"};
  return {Fault::client, "a ticket was refused: " + why, {}};
}

}  // namespace

TokenKind token_kind(std::string_view token) noexcept {
  if (token.starts_with(kNtlm)) return TokenKind::ntlm;
  // RFC 2743 section 3.1: [APPLICATION 0], a DER length that covers the rest, then the mechanism.
  if (token.size() < 4) return TokenKind::other;
  if (token[0] == '\xa1') return TokenKind::spnego;  // a further message of a negotiation
  if (token[0] != '\x60') return TokenKind::other;
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(token[i]); };
  std::size_t at = 2, length = byte(1);
  if (length >= 0x80) {
    const std::size_t bytes = length & 0x7F;
    if (bytes == 0 || bytes > 3 || token.size() < 2 + bytes) return TokenKind::other;
    length = 0;
    for (; at < 2 + bytes; ++at) length = length << 8 | byte(at);
  }
  token.remove_prefix(at);
  if (token.size() != length) return TokenKind::other;
  if (token.starts_with(kSpnego)) return TokenKind::spnego;
  if (token.starts_with(kKerberos) || token.starts_with(kMicrosoftKerberos)) return TokenKind::kerberos;
  return TokenKind::other;
}

struct KerberosAcceptor::State {
  gss_cred_id_t key = GSS_C_NO_CREDENTIAL;
  ~State() {
    OM_uint32 minor = 0;
    gss_release_cred(&minor, &key);
  }
};

KerberosAcceptor::KerberosAcceptor(std::unique_ptr<State> state) : state_(std::move(state)) {}
KerberosAcceptor::~KerberosAcceptor() = default;
KerberosAcceptor::KerberosAcceptor(KerberosAcceptor&&) noexcept = default;
KerberosAcceptor& KerberosAcceptor::operator=(KerberosAcceptor&&) noexcept = default;

Result<KerberosAcceptor> KerberosAcceptor::open(const Settings& settings) {
  // The library would say "no key" of a file that it cannot read, and the two are put right in different ways.
  if (::access(settings.keytab.c_str(), R_OK) != 0) {
    auto error = fail_errno("cannot read the keytab " + settings.keytab.string(), errno,
                            "export it on a domain controller and let the gateway's user read it");
    error.error().fault = Fault::config;
    return error;
  }
  Name name;
  OM_uint32 minor = 0;
  if (!settings.principal.empty()) {
    gss_buffer_desc text{.length = settings.principal.size(), .value = const_cast<char*>(settings.principal.data())};
    const OM_uint32 major = gss_import_name(&minor, &text, GSS_KRB5_NT_PRINCIPAL_NAME, &name.handle);
    if (GSS_ERROR(major))
      return fail(Fault::config, "'" + settings.principal + "' is no principal: " + words(major, minor),
                  "write HTTP/gateway.school.example@SCHOOL.EXAMPLE");
  }
  const std::string keytab = "FILE:" + settings.keytab.string();
  const std::string replays = settings.replay_cache.empty() ? "none:" : "file2:" + settings.replay_cache.string();
  gss_key_value_element_desc elements[] = {{"keytab", keytab.c_str()}, {"rcache", replays.c_str()}};
  const gss_key_value_set_desc store{.count = 2, .elements = elements};
  auto state = std::make_unique<State>();
  const OM_uint32 major = gss_acquire_cred_from(&minor, name.handle, GSS_C_INDEFINITE, GSS_C_NO_OID_SET, GSS_C_ACCEPT,
                                                &store, &state->key, nullptr, nullptr);
  if (GSS_ERROR(major))
    return fail(Fault::config,
                "the keytab " + settings.keytab.string() + " has no key for " +
                    (settings.principal.empty() ? "anybody" : settings.principal) + ": " + words(major, minor),
                "klist -kt lists its keys; identity.negotiate.principal must be spelt the same");
  return KerberosAcceptor(std::move(state));
}

Result<KerberosAcceptor::Accepted> KerberosAcceptor::accept(std::string_view token) {
  if (token.size() > kLargestToken) return fail(Fault::client, "a ticket larger than 64 KB was refused");
  switch (token_kind(token)) {
    case TokenKind::ntlm:
      return fail(Fault::client, "a client offered NTLM instead of a ticket",
                  "the machine must be in the domain and use the proxy by its name, not by its address");
    case TokenKind::other: return fail(Fault::client, "a Negotiate token is malformed");
    case TokenKind::spnego:
    case TokenKind::kerberos: break;
  }
  gss_buffer_desc input{.length = token.size(), .value = const_cast<char*>(token.data())};
  Context context;
  Name client;
  Buffer reply;
  OM_uint32 minor = 0, flags = 0;
  // No channel bindings: the proxy's own connection is not TLS, or ends before it reaches us.
  const OM_uint32 major =
      gss_accept_sec_context(&minor, &context.handle, state_->key, &input, GSS_C_NO_CHANNEL_BINDINGS, &client.handle,
                             nullptr, &reply.bytes, &flags, nullptr, nullptr);
  if (GSS_ERROR(major)) return std::unexpected(explain(major, minor));
  if ((major & GSS_S_CONTINUE_NEEDED) != 0)
    return fail(Fault::client, "a negotiation would need more than one message",
                "the client must offer Kerberos first, not another mechanism");
  if ((flags & GSS_C_ANON_FLAG) != 0) return fail(Fault::client, "an anonymous ticket was refused");
  Buffer principal;
  if (const OM_uint32 shown = gss_display_name(&minor, client.handle, &principal.bytes, nullptr); GSS_ERROR(shown))
    return std::unexpected(explain(shown, minor));
  return Accepted{principal.text(), reply.text()};
}

std::string_view realm_of(std::string_view principal) noexcept {
  const std::size_t at = principal.rfind('@');
  return at == principal.npos ? std::string_view{} : principal.substr(at + 1);
}

Result<std::vector<std::string>> realms_of_keytab(const std::filesystem::path& keytab) {
  std::vector<std::string> realms;
  krb5_context context = nullptr;
  krb5_keytab table = nullptr;
  krb5_kt_cursor cursor{};
  if (krb5_init_secure_context(&context) != 0) return fail(Fault::host, "the Kerberos library does not start");
  if (krb5_kt_resolve(context, ("FILE:" + keytab.string()).c_str(), &table) == 0 &&
      krb5_kt_start_seq_get(context, table, &cursor) == 0) {
    krb5_keytab_entry entry{};
    while (krb5_kt_next_entry(context, table, &entry, &cursor) == 0) {
      realms.emplace_back(entry.principal->realm.data, entry.principal->realm.length);
      krb5_free_keytab_entry_contents(context, &entry);
    }
    krb5_kt_end_seq_get(context, table, &cursor);
  }
  if (table) krb5_kt_close(context, table);
  krb5_free_context(context);
  if (realms.empty())
    return fail(Fault::config, "the keytab " + keytab.string() + " holds no key", "klist -kt lists its keys");
  std::ranges::sort(realms);
  realms.erase(std::ranges::unique(realms).begin(), realms.end());
  return realms;
}

Result<std::string> user_of_principal(std::string_view principal, const std::vector<std::string>& realms) {
  const std::string_view realm = realm_of(principal);
  if (realm.empty() || std::ranges::find(realms, realm) == realms.end())
    return fail(Fault::client, "a ticket is of another realm", "only people of the school's own realm are known here");
  const std::string_view person = principal.substr(0, principal.size() - realm.size() - 1);
  // A backslash quotes in principals; account_name() would take what stands before it for a domain.
  const bool plain = person.find_first_of("/\\@$") == person.npos;
  auto user = plain ? account_name(person) : std::nullopt;
  if (!user) return fail(Fault::client, "a ticket is of a machine or a service, not of a person");
  return *std::move(user);
}

}  // namespace schoolgate::identity
