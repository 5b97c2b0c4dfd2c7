// SPDX-License-Identifier: GPL-3.0-or-later
// Whether Init:plugins names the class of a library that was loaded.

#ifndef MCSURROGATE_PLUGIN_CLASS_H
#define MCSURROGATE_PLUGIN_CLASS_H

#include <algorithm>
#include <iostream>
#include <string>
#include <vector>

namespace mcsurrogate {

// Whether an entry LIBRARY::CLASS[::...] of Init:plugins has this class.
inline bool namesClass(const std::vector<std::string>& plugins, const std::string& name) {
    return std::any_of(plugins.begin(), plugins.end(), [&](const std::string& plugin) {
        const std::size_t start = plugin.find("::");
        return start != std::string::npos &&
               plugin.substr(start + 2, plugin.find("::", start + 2) - start - 2) == name;
    });
}

// Pythia goes on without a class that Init:plugins misspells, or whose line another one replaced.
// It declares the settings of a library as soon as the line is read: a setting that cannot be read
// then makes its init() return false.
template <typename Settings>
void requireClass(Settings& settings, const std::string& name) {
    if (namesClass(settings.wvec("Init:plugins"), name))
        return;
    std::cout << "\n PYTHIA Error: MCSurrogate: Init:plugins does not name the class " << name
              << ", so that Pythia would go on without it; write Init:plugins += {LIBRARY::" << name
              << "}, where a second line with = discards the first" << std::endl;
    settings.readString("MCSurrogate:failed = on", false);
}

} // namespace mcsurrogate

#endif // MCSURROGATE_PLUGIN_CLASS_H
