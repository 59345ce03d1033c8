#include "console/console.h"

#include "console/desk.h"
#include "console/filter_pages.h"
#include "console/find_pages.h"
#include "console/person_pages.h"
#include "console/work_pages.h"
#include "web/assets.h"

namespace schoolgate::console {

Console::Console(Parts parts) : desk_(std::make_unique<Desk>(std::move(parts))) {
  // So that pages() is complete before a router was asked for.
  [[maybe_unused]] const web::Router all = router();
}

Console::~Console() = default;

web::Router Console::router() const {
  web::Router router;
  desk_->forget_pages();
  add_sign_in_pages(*desk_, router);
  add_change_pages(*desk_, router);
  add_propose_pages(*desk_, router);
  add_try_pages(*desk_, router);
  add_rule_pages(*desk_, router);
  add_group_pages(*desk_, router);
  add_list_pages(*desk_, router);
  add_file_pages(*desk_, router);
  add_account_pages(*desk_, router);
  add_home_pages(*desk_, router);
  add_episode_pages(*desk_, router);
  add_find_pages(*desk_, router);
  add_person_pages(*desk_, router);
  add_incident_pages(*desk_, router);
  add_work_pages(*desk_, router);
  add_measure_pages(*desk_, router);
  add_page_report_pages(*desk_, router);
  add_report_pages(*desk_, router);
  add_check_pages(*desk_, router);
  add_register_pages(*desk_, router);
  add_privacy_pages(*desk_, router);
  add_user_pages(*desk_, router);
  add_checklist_pages(*desk_, router);
  web::add_asset_routes(router);
  router.error_page([desk = desk_.get()](const web::Request& request, int status) {
    return desk->error_page(request, status,
                            status == 404 ? "There is no such page." : "The page could not be made. Try again.");
  });
  return router;
}

std::vector<Console::Page> Console::pages() const { return desk_->pages(); }

}  // namespace schoolgate::console
