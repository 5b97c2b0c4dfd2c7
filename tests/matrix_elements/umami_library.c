/* A UMAMI library of q q~ > t t~ for tests: closed form, mass and alpha_s from outside. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef PARTICLES
#define PARTICLES 4
#endif
#ifdef NEEDS_HELICITY
static const bool required[] = {true, false, false, false, true};
#else
static const bool required[] = {true, false, false, false, false};
#endif
#ifdef FIXED_COUPLING
static const bool supported[] = {true, false, true, true, true};
#else
static const bool supported[] = {true, true, true, true, true};
#endif

int umami_get_meta(int key, void* result) {
  static const double masses[] = {0.0, 0.0, 173.0, 173.0};
  if (key == 0) {
    *(int*)result = 0;
  } else if (key == 1) {
    *(int*)result = PARTICLES;
  } else if (key == 5) {
    memcpy(result, masses, sizeof(masses));
  } else {
    return 6;
  }
  return 0;
}

int umami_supported_inputs(bool const** keys, int* count) {
  *keys = supported;
  *count = 5;
  return 0;
}

int umami_required_inputs(bool const** keys, int* count) {
  *keys = required;
  *count = 5;
  return 0;
}

int umami_initialize(void** handle, char const* card) {
  char line[256], block[64] = "";
  FILE* file = fopen(card, "r");
  if (file == NULL) return 1;
  double* topMass = malloc(sizeof(double));
  *topMass = 0.0;
  while (fgets(line, sizeof(line), file)) {
    sscanf(line, "BLOCK %63s", block);
    if (strcmp(block, "MASS") == 0) sscanf(line, " 6 %lf", topMass);
  }
  fclose(file);
  *handle = topMass;
  return 0;
}

int umami_set_parameter(void* handle, char const* name, double value, double imaginary) {
  if (strcmp(name, "MT") != 0 || imaginary != 0.0) return 1;
  *(double*)handle = value;
  return 0;
}

int umami_matrix_element(void* handle, size_t count, size_t stride, size_t offset, size_t nIn,
                         int const* inKeys, void const* const* in, size_t nOut,
                         int const* outKeys, void* const* out) {
  double const *momenta = NULL, *alphaS = NULL;
  const double mass = *(double*)handle;
  for (size_t i = 0; i < nIn; ++i) {
    if (inKeys[i] == 0) momenta = in[i];
    if (inKeys[i] == 1) alphaS = in[i];
  }
  if (momenta == NULL) return 7;
  if (nOut != 1 || outKeys[0] != 0) return 4;
  for (size_t event = offset; event < offset + count; ++event) {
    double dot[2][3];
    for (int a = 0; a < 2; ++a)
      for (int b = a + 1; b < 3; ++b) {
        dot[a][b] = 0.0;
        for (int k = 0; k < 4; ++k)
          dot[a][b] += (k == 0 ? 1.0 : -1.0) * momenta[event + stride * (a + 4 * k)] *
                       momenta[event + stride * (b + 4 * k)];
      }
    const double tau1 = dot[0][2] / dot[0][1], tau2 = dot[1][2] / dot[0][1];
    const double rho = 2.0 * mass * mass / dot[0][1];
    const double g2 = 4.0 * 3.14159265358979323846 * (alphaS ? alphaS[event] : 0.118);
    ((double*)out[0])[event] = g2 * g2 * 4.0 / 9.0 * (tau1 * tau1 + tau2 * tau2 + 0.5 * rho);
  }
  return 0;
}

int umami_free(void* handle) {
  free(handle);
  return 0;
}
