/* The symbols of MadGraph's Fortran standalone libraries for q q~ > t t~, for tests. */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static double topMass = 0.0, cardAlphaS = 0.0;

static void readCard(char const* path, size_t length) {
  char name[513], line[256], block[64] = "";
  if (length > 512) length = 512;
  memcpy(name, path, length);
  while (length > 0 && name[length - 1] == ' ') --length;
  name[length] = '\0';
  FILE* file = fopen(name, "r");
  if (file == NULL) return;
  while (fgets(line, sizeof(line), file)) {
    sscanf(line, "BLOCK %63s", block);
    if (strcmp(block, "MASS") == 0) sscanf(line, " 6 %lf", &topMass);
    if (strcmp(block, "SMINPUTS") == 0) sscanf(line, " 3 %lf", &cardAlphaS);
  }
  fclose(file);
}

static double dot(double const* x, double const* y) {
  return x[0] * y[0] - x[1] * y[1] - x[2] * y[2] - x[3] * y[3];
}

static double squared(double const* p, double alphaS) {
  const double s = dot(p, p + 4), g2 = 4.0 * 3.14159265358979323846 * alphaS;
  const double tau1 = dot(p, p + 8) / s, tau2 = dot(p + 4, p + 8) / s;
  const double rho = 2.0 * topMass * topMass / s;
  double value = g2 * g2 * 4.0 / 9.0 * (tau1 * tau1 + tau2 * tau2 + 0.5 * rho);
#ifdef FIVE_LEGS
  value += p[16] * p[16];
#endif
  return value;
}

#ifdef ALL_PROCESSES
void initialise_(char const* path, size_t length) { readCard(path, length); }
void smatrixhel_(int const* pdgs, int const* procid, int const* npdg, double const* p,
                 double const* alphaS, double const* scale2, int const* nhel, double* answer) {
  const int known = *npdg == 4 && *procid <= 1 && pdgs[0] == -pdgs[1] && pdgs[2] == 6 &&
                    *nhel == -1 && *scale2 == 0.0;
  *answer = known ? squared(p, *alphaS) : 0.0;
}
#else
void setpara_(char const* path, size_t length) { readCard(path, length); }
void smatrix_(double const* p, double* answer) { *answer = squared(p, cardAlphaS); }
#endif
