// What people read in the page of a crisis and in its close. Pure; English.
#pragma once

#include <string>
#include <vector>

#include "daemon/alert/alert.hpp"
#include "daemon/alert/crisis.hpp"

namespace itnxt {

// The crisis as an alert. `folded`: "LinkDown for link l1" …, told in it instead of paged.
Alert crisis_alert(const CrisisVerdict& crisis, const std::vector<std::string>& folded);

// The annotations of its end; alert.sites are those it told of.
void write_crisis_over(Alert& alert, const CrisisVerdict& crisis, WallTime wall);

}  // namespace itnxt
