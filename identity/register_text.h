// The registers as rows of words: what is printed on paper, shown at the desk and exported. Stateless, any thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "identity/access_register.h"
#include "identity/accounts.h"
#include "identity/classes.h"
#include "identity/device_register.h"
#include "identity/terms_record.h"
#include "identity/visits.h"

namespace schoolgate::identity {

struct RegisterTable {
  std::vector<std::string> columns;  ///< titles, as printed
  std::vector<std::string> keys;     ///< the same for machines: "granted_by"
  std::vector<std::vector<std::string>> rows;
};

/// Times are written as `show` says; without it in RFC 3339, UTC.
struct RegisterTimes {
  std::function<std::string(TimePoint)> show;
};

[[nodiscard]] RegisterTable register_table(const std::vector<AccessGrant>& grants, TimePoint now,
                                           const RegisterTimes& times = {});
[[nodiscard]] RegisterTable accounts_table(const std::vector<Account>& accounts, TimePoint now,
                                           const RegisterTimes& times = {});
[[nodiscard]] RegisterTable classes_table(const std::vector<SchoolClass>& classes);
[[nodiscard]] RegisterTable visits_table(const std::vector<Visit>& visits, TimePoint now,
                                         const RegisterTimes& times = {});
[[nodiscard]] RegisterTable devices_table(const std::vector<RegisteredDevice>& devices);
[[nodiscard]] RegisterTable terms_table(const std::vector<TermsAnswer>& answers, const RegisterTimes& times = {});

/// RFC 4180 with CRLF and a header line. A cell that a spreadsheet would take for a formula gets an apostrophe before
/// it.
[[nodiscard]] std::string to_csv(const RegisterTable& table);
/// An array of objects with `keys`.
[[nodiscard]] std::string to_json(const RegisterTable& table);

}  // namespace schoolgate::identity
