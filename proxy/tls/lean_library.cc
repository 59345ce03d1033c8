#include "proxy/tls/lean_library.h"

#include <openssl/core.h>
#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/tls/leaf.h"

namespace schoolgate::tls {
namespace {

constexpr const char* kName = "schoolgate-lean";

// Reading one key looks through every algorithm that the library has fetched, of whatever kind, and the first fetch of
// a kind fetches all of it: a hundred and thirty ciphers by the default.
constexpr auto kDecoders = std::to_array<std::string_view>({"DER", "EC", "RSA", "RSA-PSS", "ED25519"});
/// Those of our suites, and what the random generator is made of.
constexpr auto kCiphers = std::to_array<std::string_view>(
    {"AES-128-GCM", "AES-256-GCM", "ChaCha20-Poly1305", "AES-128-CBC", "AES-256-CBC", "AES-128-CBC-HMAC-SHA1",
     "AES-256-CBC-HMAC-SHA1", "AES-128-CTR", "AES-256-CTR", "AES-128-ECB", "AES-256-ECB", "NULL"});
constexpr auto kDerivations = std::to_array<std::string_view>({"HKDF", "TLS13-KDF", "TLS1-PRF"});
constexpr auto kMacs = std::to_array<std::string_view>({"HMAC"});
/// Named by what goes, not by what stays: key exchanges of a later OpenSSL are to stay.
constexpr auto kKeysLeftOut =
    std::to_array<std::string_view>({"DHX", "DSA", "SM2", "TLS1-PRF", "HKDF", "SCRYPT", "SIPHASH", "POLY1305", "CMAC"});

/// The default provider and what is kept of it. Lives as long as the process.
struct Base {
  OSSL_PROVIDER* provider = nullptr;
  std::vector<OSSL_ALGORITHM> decoders, ciphers, derivations, macs, keys;  ///< the last one of each is empty
};
Base base;

/// "EC:id-ecPublicKey:1.2.840.10045.2.1" -> "EC"
std::string_view first_name(const OSSL_ALGORITHM& algorithm) noexcept {
  const std::string_view names = algorithm.algorithm_names;
  return names.substr(0, names.find(':'));
}

bool is_among(std::span<const std::string_view> names, const OSSL_ALGORITHM& algorithm) noexcept {
  return std::ranges::find(names, first_name(algorithm)) != names.end();
}

bool reads_public_keys(const OSSL_ALGORITHM& decoder) noexcept {
  const std::string_view properties = decoder.property_definition ? decoder.property_definition : "";
  return properties.contains("input=der") && properties.contains("structure=SubjectPublicKeyInfo") &&
         is_among(kDecoders, decoder);
}

/// What the default provider has of an operation, as far as `wanted` says; with the empty one that ends such a list.
std::vector<OSSL_ALGORITHM> kept(int operation, auto wanted) {
  std::vector<OSSL_ALGORITHM> out;
  int do_not_cache = 0;
  const OSSL_ALGORITHM* all = OSSL_PROVIDER_query_operation(base.provider, operation, &do_not_cache);
  for (; all && all->algorithm_names; ++all)
    if (wanted(*all)) out.push_back(*all);
  out.push_back({});
  return out;
}

const OSSL_ALGORITHM* query_operation(void*, int operation, int* do_not_cache) noexcept {
  *do_not_cache = 0;
  switch (operation) {
    case OSSL_OP_ENCODER:
    case OSSL_OP_STORE: return nullptr;
    case OSSL_OP_DECODER: return base.decoders.data();
    case OSSL_OP_CIPHER: return base.ciphers.data();
    case OSSL_OP_KDF: return base.derivations.data();
    case OSSL_OP_MAC: return base.macs.data();
    case OSSL_OP_KEYMGMT: return base.keys.data();
    default: return OSSL_PROVIDER_query_operation(base.provider, operation, do_not_cache);
  }
}

/// The groups and signatures of TLS.
int get_capabilities(void*, const char* capability, OSSL_CALLBACK* callback, void* argument) noexcept {
  return OSSL_PROVIDER_get_capabilities(base.provider, capability, callback, argument);
}

template <class Function>
constexpr OSSL_DISPATCH entry(int id, Function function) {
  return {id, reinterpret_cast<void (*)()>(function)};
}

int start(const OSSL_CORE_HANDLE*, const OSSL_DISPATCH*, const OSSL_DISPATCH** out, void** context) noexcept {
  static const OSSL_DISPATCH functions[] = {entry(OSSL_FUNC_PROVIDER_QUERY_OPERATION, query_operation),
                                            entry(OSSL_FUNC_PROVIDER_GET_CAPABILITIES, get_capabilities),
                                            {}};
  *out = functions;
  *context = OSSL_PROVIDER_get0_provider_ctx(base.provider);  // the algorithms are the default provider's own
  return 1;
}

/// Reads a key as a certificate's is read, and prepares TLS: if one of them fails, the default library is used.
bool works(OSSL_LIB_CTX* library) {
  for (const KeyHandle& key : {KeyHandle(EVP_EC_gen("P-256")), KeyHandle(EVP_RSA_gen(2048))}) {
    const std::string der = public_half(key.get());
    auto at = reinterpret_cast<const unsigned char*>(der.data());
    const KeyHandle read(d2i_PUBKEY_ex(nullptr, &at, long(der.size()), library, nullptr));
    if (!read || EVP_PKEY_get_bits(read.get()) != EVP_PKEY_get_bits(key.get())) return false;
  }
  const SslContextHandle context(SSL_CTX_new_ex(library, nullptr, TLS_client_method()));
  return context != nullptr;
}

OSSL_LIB_CTX* make() {
  base.provider = OSSL_PROVIDER_load(nullptr, "default");
  if (!base.provider) return nullptr;
  base.decoders = kept(OSSL_OP_DECODER, reads_public_keys);
  base.ciphers = kept(OSSL_OP_CIPHER, [](const OSSL_ALGORITHM& one) { return is_among(kCiphers, one); });
  base.derivations = kept(OSSL_OP_KDF, [](const OSSL_ALGORITHM& one) { return is_among(kDerivations, one); });
  base.macs = kept(OSSL_OP_MAC, [](const OSSL_ALGORITHM& one) { return is_among(kMacs, one); });
  base.keys = kept(OSSL_OP_KEYMGMT, [](const OSSL_ALGORITHM& one) { return !is_among(kKeysLeftOut, one); });
  OSSL_LIB_CTX* library = OSSL_LIB_CTX_new();
  OSSL_PROVIDER* lean =
      library && OSSL_PROVIDER_add_builtin(library, kName, start) ? OSSL_PROVIDER_load(library, kName) : nullptr;
  if (lean && works(library)) return library;
  if (lean) OSSL_PROVIDER_unload(lean);  // freeing its library does not free it
  OSSL_LIB_CTX_free(library);
  return nullptr;
}

}  // namespace

ossl_lib_ctx_st* lean_library() noexcept {
  static OSSL_LIB_CTX* const library = [] {
    OSSL_LIB_CTX* const made = make();
    ERR_clear_error();
    return made;
  }();
  return library;
}

}  // namespace schoolgate::tls
