// A client with a ticket: the initiating side of GSSAPI, as a browser is it, against a real KDC.
#pragma once

#include <gssapi/gssapi.h>
#include <gssapi/gssapi_ext.h>
#include <gssapi/gssapi_krb5.h>
#include <stdlib.h>

#include <stdexcept>
#include <string>

#include "tests/identity/directory_script.h"

namespace schoolgate::identity {

/// One realm for the process: the Kerberos library reads its configuration from the environment.
inline Script& realm() {
  static Script script("kerberos_realm.py");
  static const bool told = [] { return ::setenv("KRB5_CONFIG", script.fact("configuration").c_str(), 1) == 0; }();
  if (!told) throw std::runtime_error("setenv");
  return script;
}

class KerberosClient {
 public:
  /// SPNEGO as browsers speak it, or Kerberos without it.
  enum class Mechanism { spnego, kerberos };

  explicit KerberosClient(const std::string& person, Mechanism mechanism = Mechanism::spnego) : mechanism_(mechanism) {
    realm().tell("login " + person);
  }
  ~KerberosClient() {
    OM_uint32 minor = 0;
    gss_delete_sec_context(&minor, &context_, GSS_C_NO_BUFFER);
  }
  KerberosClient(const KerberosClient&) = delete;
  KerberosClient& operator=(const KerberosClient&) = delete;

  /// The first token towards HTTP/`host`, with mutual authentication asked for.
  std::string token(const std::string& host = "gateway.school.example") {
    OM_uint32 minor = 0;
    gss_delete_sec_context(&minor, &context_, GSS_C_NO_BUFFER);
    return step(host, "");
  }
  /// True when the acceptor's answer proves that it has the key.
  bool believes(const std::string& reply, const std::string& host = "gateway.school.example") {
    return step(host, reply).empty() && complete_;
  }

 private:
  std::string step(const std::string& host, const std::string& from_server) {
    OM_uint32 minor = 0;
    const std::string ccache = "FILE:" + realm().fact("cache");
    gss_key_value_element_desc element{"ccache", ccache.c_str()};
    const gss_key_value_set_desc store{.count = 1, .elements = &element};
    gss_cred_id_t credentials = GSS_C_NO_CREDENTIAL;
    check(gss_acquire_cred_from(&minor, GSS_C_NO_NAME, GSS_C_INDEFINITE, GSS_C_NO_OID_SET, GSS_C_INITIATE, &store,
                                &credentials, nullptr, nullptr),
          minor);
    const std::string service = "HTTP@" + host;
    gss_buffer_desc text{.length = service.size(), .value = const_cast<char*>(service.data())};
    gss_name_t name = GSS_C_NO_NAME;
    check(gss_import_name(&minor, &text, GSS_C_NT_HOSTBASED_SERVICE, &name), minor);
    gss_OID_desc spnego{.length = 6, .elements = const_cast<char*>("\x2b\x06\x01\x05\x05\x02")};
    gss_buffer_desc in{.length = from_server.size(), .value = const_cast<char*>(from_server.data())};
    gss_buffer_desc out = GSS_C_EMPTY_BUFFER;
    const OM_uint32 major =
        gss_init_sec_context(&minor, credentials, &context_, name,
                             mechanism_ == Mechanism::spnego ? &spnego : const_cast<gss_OID>(gss_mech_krb5),
                             GSS_C_MUTUAL_FLAG, GSS_C_INDEFINITE, GSS_C_NO_CHANNEL_BINDINGS,
                             from_server.empty() ? GSS_C_NO_BUFFER : &in, nullptr, &out, nullptr, nullptr);
    std::string token(static_cast<const char*>(out.value), out.length);
    complete_ = major == GSS_S_COMPLETE;
    OM_uint32 ignored = 0;
    gss_release_buffer(&ignored, &out);
    gss_release_name(&ignored, &name);
    gss_release_cred(&ignored, &credentials);
    if (GSS_ERROR(major)) check(major, minor);
    return token;
  }

  static void check(OM_uint32 major, OM_uint32 minor) {
    if (!GSS_ERROR(major)) return;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    OM_uint32 ignored = 0, more = 0;
    gss_display_status(&ignored, minor, GSS_C_MECH_CODE, GSS_C_NO_OID, &more, &text);
    const std::string words(static_cast<const char*>(text.value), text.length);
    gss_release_buffer(&ignored, &text);
    throw std::runtime_error("the client's side: " + words);
  }

  Mechanism mechanism_;
  gss_ctx_id_t context_ = GSS_C_NO_CONTEXT;
  bool complete_ = false;
};

}  // namespace schoolgate::identity
