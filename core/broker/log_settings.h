// What a topic's configuration asks of its logs.
#pragma once

#include "core/base/rules.h"
#include "core/controller/topic_config.h"
#include "core/log/log.h"

namespace brokersim::broker {

log::LogConfig log_config_of(const controller::TopicConfigs& configs, const LogRules& rules);

}  // namespace brokersim::broker
