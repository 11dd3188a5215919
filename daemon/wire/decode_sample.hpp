// One sample of a batch from the wire, into what may hold an older one: its memory is used again.
// Numbers are checked, text is cleaned; the first thing that is wrong goes to `problem`, and what
// is read then is not to be used. For decode.cpp only.
#pragma once

#include <cstddef>

#include "daemon/core/sample.hpp"
#include "daemon/wire/fields.hpp"

namespace itnxt::v1 {
class Capture;
class Continuation;
class Device;
}  // namespace itnxt::v1

namespace itnxt::wire {

// `number`: of the sample within its batch; `rows_before`: interfaces the batch holds already.
void take(const v1::Device& from, std::size_t number, std::size_t rows_before, Problem& problem,
          DeviceSample& to);
void take(const v1::Continuation& from, std::size_t number, std::size_t rows_before,
          Problem& problem, DeviceSample& to);
void take(const v1::Capture& from, std::size_t number, Problem& problem, CaptureSample& to);

}  // namespace itnxt::wire
