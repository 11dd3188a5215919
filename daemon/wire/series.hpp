// Series on the wire: the part of the codec that is theirs. Internal to this folder.
#pragma once

#include <cstddef>

#include "daemon/core/series.hpp"
#include "daemon/wire/fields.hpp"
#include "daemon/wire/itnxt.pb.h"

namespace itnxt::wire {

void put_series(const SeriesSample& from, v1::Series& to);

// `rows`: of all series of the batch so far; grows.
void take_series(const v1::Series& from, std::size_t number, std::size_t& rows, Problem& problem,
                 SeriesSample& to);

}  // namespace itnxt::wire
