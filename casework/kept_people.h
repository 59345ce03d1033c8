// The people that records are kept about, found by account or by name.
//
// Over a DeskStore, on its thread. An account is found in the records themselves; a name comes from the directory
// through NameOf. What is about the viewer is never found.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "casework/desk_store.h"

namespace schoolgate::casework {

struct KeptPerson {
  std::string account;
  std::string name;  ///< as the directory writes it; empty when it is not known
};
/// "Amelia Hughes (amelia.hughes)"; the account alone when no name is known.
[[nodiscard]] std::string words_of(const KeptPerson& person);

class KeptPeople {
 public:
  using NameOf = std::function<std::string(std::string_view account)>;
  KeptPeople(DeskStore& desk, NameOf name_of) : desk_(desk), name_of_(std::move(name_of)) {}

  /// Those whose account or name has every word of `text` in it, in any case; by account. Empty for a viewer who may
  /// see no person.
  [[nodiscard]] Result<std::vector<KeptPerson>> matching(const Viewer& viewer, std::string_view text);
  /// The one person that `text` is the account or the whole name of, in any case; nullopt when nothing is kept about
  /// such a one. Fault client: several have that name; the error lists their accounts.
  [[nodiscard]] Result<std::optional<KeptPerson>> meant(const Viewer& viewer, std::string_view text);

 private:
  [[nodiscard]] Result<std::vector<KeptPerson>> all(const Viewer& viewer);
  DeskStore& desk_;
  NameOf name_of_;
};

}  // namespace schoolgate::casework
