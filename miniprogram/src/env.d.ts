/// <reference types="vite/client" />

declare module "*.vue" {
  import type { DefineComponent } from "vue";

  const component: DefineComponent<object, object, unknown>;
  export default component;
}

interface ImportMetaEnv {
  /** Address of the service for the mini-program, without `/api/v1`; the H5 page asks where it came from. */
  readonly VITE_API_HOST?: string;
}
