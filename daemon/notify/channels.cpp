#include "daemon/notify/channels.hpp"

#include <utility>

#include "daemon/notify/alertmanager.hpp"
#include "daemon/notify/webhook.hpp"

namespace itnxt {
namespace {

struct Make {
  NotifierContext context;
  BoardChannel start;
  std::unique_ptr<Notifier> operator()(const AlertmanagerChannel& kind) {
    return std::make_unique<AlertmanagerNotifier>(kind, std::move(context), std::move(start));
  }
  std::unique_ptr<Notifier> operator()(const WebhookChannel& kind) {
    return std::make_unique<WebhookNotifier>(kind, std::move(context), std::move(start));
  }
};

}  // namespace

std::unique_ptr<Notifier> make_notifier(const Channel& channel, NotifierContext context,
                                        BoardChannel start) {
  start.name = channel.name;
  start.waiting = 0;
  return std::visit(Make{std::move(context), std::move(start)}, channel.kind);
}

}  // namespace itnxt
