#include "casework/case_system.h"

#include <algorithm>

namespace schoolgate::casework {
namespace {

class WebhookCaseSystem final : public CaseSystem {
 public:
  explicit WebhookCaseSystem(WebhookSettings settings) : settings_(std::move(settings)) {}
  std::string name() const override { return settings_.name; }
  Delivered hand_over(const PinkSlip& slip, const std::string& delivery, TimePoint now,
                      const std::atomic<bool>& stopping) override {
    const std::string json = to_json(slip);
    return call_webhook(settings_, {.alert_id = delivery, .json = json, .now = now}, stopping);
  }

 private:
  WebhookSettings settings_;
};

}  // namespace

std::unique_ptr<CaseSystem> make_case_system(const AlertSettings& settings) {
  const auto found = std::ranges::find(settings.webhooks, settings.case_system, &WebhookSettings::name);
  if (settings.case_system.empty() || found == settings.webhooks.end()) return nullptr;
  return std::make_unique<WebhookCaseSystem>(*found);
}

}  // namespace schoolgate::casework
