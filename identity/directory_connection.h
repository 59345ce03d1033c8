// One connection to one directory server: libldap as values. One thread; every step is bounded by the timeout.
//
// With it live the rules that hold for all of them: TLS is verified or there is no connection, referrals are not
// followed, an empty password is never sent.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "identity/identity_settings.h"

struct ldap;

namespace schoolgate::identity {

struct DirectoryEntry {
  std::string dn;
  std::unordered_map<std::string, std::vector<std::string>> attributes;  ///< by lower-case name

  /// The first value, or empty.
  [[nodiscard]] std::string_view value(const std::string& attribute) const;
};

class DirectoryConnection {
 public:
  /// Connects and, where the settings ask for it, secures it. Fault upstream: no answer; fault config: the
  /// certificate does not verify.
  [[nodiscard]] static Result<DirectoryConnection> open(const DirectorySettings& settings, const std::string& url);
  /// What must be right before any connection: TLS can be set up with this trust file. Also makes libldap set itself up
  /// while there is one thread.
  [[nodiscard]] static Result<void> check(const DirectorySettings& settings);

  struct BindAnswer {
    int code = 0;            ///< LDAP result code, RFC 4511 appendix A
    std::string diagnostic;  ///< the server's words; Active Directory says more here
  };
  /// A simple bind; anonymous when `dn` is empty. Fault client: an empty password; fault upstream: no answer.
  [[nodiscard]] Result<BindAnswer> bind(const std::string& dn, std::string_view password);

  struct Search {
    std::string base;
    bool subtree = true;  ///< else the entry `base` itself
    std::string filter;
    std::vector<const char*> attributes;
  };
  /// Hands over every entry, page by page (RFC 2696), until `each` answers false. Fault upstream: no answer; fault
  /// config: the server refuses the search (no such base, not allowed, more than it wants to tell).
  [[nodiscard]] Result<void> search(const Search& search, const std::function<bool(const DirectoryEntry&)>& each);

  /// False after an answer that did not come: then only a new connection helps.
  [[nodiscard]] bool usable() const noexcept { return usable_; }

 private:
  struct Close {
    void operator()(ldap* handle) const noexcept;
  };
  [[nodiscard]] Error error(int code, std::string_view doing);

  std::unique_ptr<ldap, Close> handle_;
  std::string url_;
  std::chrono::seconds timeout_{5};
  bool usable_ = true;
};

}  // namespace schoolgate::identity
