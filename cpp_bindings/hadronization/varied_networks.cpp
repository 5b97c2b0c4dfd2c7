// SPDX-License-Identifier: GPL-3.0-or-later
#include "varied_networks.h"

#include <dlfcn.h>

namespace mcsurrogate {

namespace {

const std::string suffix = ".safetensors";

// Shipped weights lie beside the library, or in the source tree that an editable install names.
std::string weightsPath(const std::string& nameOrPath) {
    if (nameOrPath.find('/') != std::string::npos ||
        (nameOrPath.size() > suffix.size() && nameOrPath.ends_with(suffix)))
        return nameOrPath;
#ifdef MCSURROGATE_WEIGHTS
    return MCSURROGATE_WEIGHTS "/" + nameOrPath + suffix;
#else
    Dl_info library;
    std::string folder = ".";
    if (dladdr(reinterpret_cast<void*>(&weightsPath), &library) != 0 && library.dli_fname) {
        const std::string file = library.dli_fname;
        const std::size_t slash = file.rfind('/');
        if (slash != std::string::npos)
            folder = file.substr(0, slash);
    }
    return folder + "/../hadronization/weights/" + nameOrPath + suffix;
#endif
}

} // namespace

SafeTensors readWeights(const std::string& nameOrPath, const std::string& kind) {
    SafeTensors file = SafeTensors::read(weightsPath(nameOrPath));
    if (file.metadata("mcsurrogate.format") != "1")
        throw file.error(
            "has format " + file.metadata("mcsurrogate.format") +
            ", this plugin reads format 1; use the plugin of the release that wrote it");
    if (file.metadata("mcsurrogate.model") != kind)
        throw file.error("holds a model of kind \"" + file.metadata("mcsurrogate.model") +
                         "\" but MCSurrogate:model is \"" + kind + "\"");
    file.checkMagnitudes();
    return file;
}

} // namespace mcsurrogate
