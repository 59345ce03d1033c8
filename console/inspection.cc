#include "console/inspection.h"

#include <filesystem>

#include "base/file.h"
#include "casework/shown_text.h"
#include "console/desk.h"
#include "console/documents.h"
#include "identity/access_register.h"
#include "identity/device_register.h"
#include "identity/register_text.h"
#include "identity/terms_record.h"

namespace schoolgate::console {

casework::InspectionFacts inspection_facts(const Desk& desk) {
  const Console::Parts& parts = desk.parts();
  const Hooks& hooks = parts.hooks;
  casework::InspectionFacts facts{.school = parts.school,
                                  .gateway = parts.gateway,
                                  .policy_version = {},
                                  .policy = {},
                                  .approvals = {},
                                  .lists = {},
                                  .cannot_see = {}};
  if (hooks.policy) {
    PolicyFacts policy = hooks.policy();
    facts.policy_version = std::move(policy.version);
    facts.policy = std::move(policy.in_words);
    facts.approvals = std::move(policy.approvals);
  }
  if (hooks.list_ages) {
    for (const ListAge& list : hooks.list_ages()) {
      std::string words =
          list.category + ", " + std::to_string(list.entries) + (list.entries == 1 ? " entry, " : " entries, ") +
          (list.updated ? "of " + casework::moment_text(desk.clock(), *list.updated) : std::string("never fetched"));
      if (!list.state.empty()) words += ", " + list.state;
      if (!list.licence.empty()) words += ", licence " + list.licence;
      facts.lists.emplace_back(list.name, std::move(words));
    }
  }
  if (hooks.what_cannot_be_seen) {
    for (const Limit& limit : hooks.what_cannot_be_seen()) {
      std::string words = limit.what + ": " + limit.because;
      if (!limit.instead.empty()) words += " Instead: " + limit.instead;
      facts.cannot_see.push_back(std::move(words));
    }
  }
  return facts;
}

Result<std::vector<std::string>> write_inspection_pack(const Console::Parts& parts, casework::DayRange range,
                                                       const std::filesystem::path& folder) {
  const Desk desk(parts);
  const TimePoint now = parts.now();
  StorePool pool(parts.state, parts.decisions, desk.clock());
  Result<StorePool::Lease> stores = pool.lease();
  if (!stores) return std::unexpected(stores.error());
  Result<casework::InspectionPack> pack = (**stores).reports->inspection_pack(inspection_facts(desk), range, now);
  if (!pack) return std::unexpected(pack.error());
  desk.name_groups(pack->numbers.trends.groups);
  Result<std::string> pdf = inspection_pdf(*pack, desk.clock(), now);
  if (!pdf) return std::unexpected(pdf.error());

  if (const Result<void> made = make_private_folder(folder); !made) return std::unexpected(made.error());
  std::vector<std::pair<std::string, std::string>> files{{"inspection-pack.pdf", std::move(*pdf)},
                                                         {"inspection-pack.txt", to_text(*pack)},
                                                         {"inspection-pack.json", to_json(*pack)}};
  if (parts.people) {
    const auto grants = identity::AccessRegister(*parts.people).rows();
    if (!grants) return std::unexpected(grants.error());
    files.emplace_back("access-register.csv", identity::to_csv(identity::register_table(*grants, now)));
    const auto answers = identity::TermsRecord(*parts.people).all();
    if (!answers) return std::unexpected(answers.error());
    files.emplace_back("terms-of-use.csv", identity::to_csv(identity::terms_table(*answers)));
    const auto devices = identity::DeviceRegister(*parts.people).all();
    if (!devices) return std::unexpected(devices.error());
    files.emplace_back("devices.csv", identity::to_csv(identity::devices_table(*devices)));
  }
  std::vector<std::string> names;
  for (const auto& [name, text] : files) {
    const Result<void> written = replace_file(folder / name, text);
    if (!written) return std::unexpected(written.error());
    names.push_back(name);
  }
  return names;
}

}  // namespace schoolgate::console
