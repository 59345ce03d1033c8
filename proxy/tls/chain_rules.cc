#include "proxy/tls/chain_rules.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ascii.h"
#include "proxy/tls/certificate_parts.h"

namespace schoolgate::tls {
namespace {

using Constraints = std::unique_ptr<NAME_CONSTRAINTS, decltype([](NAME_CONSTRAINTS* n) { NAME_CONSTRAINTS_free(n); })>;
using Access =
    std::unique_ptr<AUTHORITY_INFO_ACCESS, decltype([](AUTHORITY_INFO_ACCESS* a) { AUTHORITY_INFO_ACCESS_free(a); })>;

bool has(const X509* certificate, int nid) noexcept { return X509_get_ext_by_NID(certificate, nid, -1) >= 0; }

bool is_empty(const STACK_OF(GENERAL_SUBTREE) * subtrees) noexcept {
  return subtrees && sk_GENERAL_SUBTREE_num(subtrees) == 0;
}

bool constrains_something(const NAME_CONSTRAINTS* constraints) noexcept {
  return constraints && (constraints->permittedSubtrees || constraints->excludedSubtrees) &&
         !is_empty(constraints->permittedSubtrees) && !is_empty(constraints->excludedSubtrees);
}

bool tells_where(const X509* certificate) noexcept {
  const Access access(
      static_cast<AUTHORITY_INFO_ACCESS*>(X509_get_ext_d2i(certificate, NID_info_access, nullptr, nullptr)));
  return access && sk_ACCESS_DESCRIPTION_num(access.get()) > 0;
}

bool is_named_by_what_may_be_passed_over(const X509* certificate) noexcept {
  const int at = X509_get_ext_by_NID(certificate, NID_subject_alt_name, -1);
  return at >= 0 && X509_NAME_entry_count(X509_get_subject_name(certificate)) == 0 &&
         !X509_EXTENSION_get_critical(X509_get_ext(certificate, at));
}

/// "*.site.test" and an excluded "www.site.test": one is the other with its first label put in.
bool wildcard_covers(std::string_view name, std::string_view excluded) noexcept {
  if (!name.starts_with("*.")) return false;
  const std::size_t dot = excluded.find('.');
  return dot != std::string_view::npos && dot > 0 && equal_ignoring_case(name.substr(2), excluded.substr(dot + 1));
}

bool excludes_part_of(const NAME_CONSTRAINTS& constraints, const std::vector<std::string>& names) noexcept {
  for (int i = 0; i < sk_GENERAL_SUBTREE_num(constraints.excludedSubtrees); ++i) {
    const GENERAL_NAME* const base = sk_GENERAL_SUBTREE_value(constraints.excludedSubtrees, i)->base;
    if (base->type != GEN_DNS) continue;
    const std::string_view excluded(reinterpret_cast<const char*>(ASN1_STRING_get0_data(base->d.dNSName)),
                                    std::size_t(ASN1_STRING_length(base->d.dNSName)));
    for (const std::string& name : names)
      if (wildcard_covers(name, excluded)) return true;
  }
  return false;
}

}  // namespace

bool keeps_rules(const STACK_OF(X509) * chain) {
  bool kept = true;
  std::vector<std::string> names;  // of the certificates below
  for (int i = 0; kept && i < sk_X509_num(chain); ++i) {
    const X509* const certificate = sk_X509_value(chain, i);
    if (has(certificate, NID_name_constraints)) {
      const Constraints constraints(
          static_cast<NAME_CONSTRAINTS*>(X509_get_ext_d2i(certificate, NID_name_constraints, nullptr, nullptr)));
      kept = constrains_something(constraints.get()) && !excludes_part_of(*constraints, names);
    }
    if (has(certificate, NID_info_access) && !tells_where(certificate)) kept = false;
    if (is_named_by_what_may_be_passed_over(certificate)) kept = false;
    std::vector<std::string> own = dns_names_of(certificate);
    names.insert(names.end(), std::make_move_iterator(own.begin()), std::make_move_iterator(own.end()));
  }
  ERR_clear_error();
  return kept;
}

}  // namespace schoolgate::tls
