#include "daemon/state/row_texts.hpp"

namespace itnxt {
namespace {

std::string_view told_name(const InterfaceSample& sample) {
  return sample.if_name.empty() ? std::string_view(sample.if_descr) : sample.if_name;
}

}  // namespace

std::string_view called(const InterfaceView& view, const InterfaceState& state) {
  if (!state.called.empty()) return state.called;
  return std::string_view(view.identity->name.text()).substr(0, state.called_length);
}

void remember_called(InterfaceState& state, std::string_view name, std::string_view called) {
  state.called_length = static_cast<std::uint32_t>(called.size());
  if (name.starts_with(called)) {
    state.called.clear();
  } else {
    state.called = called;
  }
}

RowTexts texts_of(const InterfaceView& view, const InterfaceState& state) {
  RowTexts texts{view.identity->name.text(), view.descr, view.alias, {}};
  if (state.link_follows) texts.link = view.link.text();
  return texts;
}

Layout compare_layout(const DeviceSample& sample, const std::vector<InterfaceView>& old,
                      const std::vector<InterfaceState>& states) {
  if (sample.interfaces.size() != old.size()) return Layout::other;
  Layout layout = Layout::still;
  for (std::size_t i = 0; i < old.size(); ++i) {
    const InterfaceSample& row = sample.interfaces[i];
    const InterfaceView& view = old[i];
    if (row.if_index != view.if_index || row.if_alias != view.alias ||
        row.phys_address != view.phys_address) {
      return Layout::other;
    }
    const std::string_view name = told_name(row);
    if (name.empty() ? !states[i].nameless : name != called(view, states[i])) return Layout::other;
    if (row.if_descr != view.descr) layout = Layout::same;
  }
  return layout;
}

}  // namespace itnxt
